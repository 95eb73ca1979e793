from rest_framework.exceptions import APIException


class Conflict(APIException):
    """The request is sound, but the state of things forbids it."""

    status_code = 409


class PreconditionFailed(APIException):
    """What the client goes by is no longer so."""

    status_code = 412
