"""What operations have in common in the OpenAPI description, said in one place: their summaries and their problems."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema

from iotsphere.api.problems import ProblemRenderer

PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457). `detail` says what to do.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "errors": {
            "type": "object",
            "description": "What is wrong, by field or parameter.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "example": {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "Not accepted: name.",
        "instance": "/api/v1/devices/",
        "errors": {"name": ["This field is required."]},
    },
}
MEANINGS = {
    400: "Something in the body or the parameters is not accepted; `errors` says what.",
    401: "Nobody is signed in, or the token is not valid.",
    403: "You may see it, but not do this.",
    404: "It does not exist, or it belongs to a project you are not a member of; or there is no such page.",
    409: "The state of things forbids it.",
    413: "The body is too large.",
    415: "The body is not application/json.",
}

SUMMARIES = {
    "list": "List {plural}",
    "create": "Create a {name}",
    "retrieve": "Show a {name}",
    "partial_update": "Change a {name}",
    "destroy": "Remove a {name}",
}


class OperationSchema(AutoSchema):
    def get_summary(self) -> str | None:
        view: Any = self.view
        action = getattr(view, "action", "")
        if action not in SUMMARIES:
            return None
        model = view.queryset.model._meta
        return SUMMARIES[action].format(name=model.verbose_name, plural=model.verbose_name_plural)


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Describe the problems of each operation, except those that it describes itself."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status in _problems(path, method, operation):
                operation["responses"].setdefault(str(status), _answer(MEANINGS[status]))
            for status, answer in operation["responses"].items():
                if status >= "400" and "content" not in answer:
                    operation["responses"][status] = _answer(answer["description"] or MEANINGS[int(status)])
    return result


def _problems(path: str, method: str, operation: dict[str, Any]) -> Iterator[int]:
    yield 401
    if "requestBody" in operation:
        yield from (400, 413, 415)
    parameters = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
    if parameters:
        yield 400
    if "{" in path or "page" in parameters:
        yield 404
    if method != "get" and {} not in operation.get("security", ()):
        yield from (403, 409)


def _answer(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {ProblemRenderer.media_type: {"schema": schema}}}
