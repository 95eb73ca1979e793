"""JSON Web Tokens for people: short access tokens, and refresh tokens that are worth one refresh each.

All refresh tokens that descend from one login are a family. A refresh token that comes a second time was stolen or
copied; nobody can tell from whom, so its whole family ends and the person logs in again.
"""

from typing import Any, Self, cast
from uuid import uuid4

from axes.helpers import get_client_ip_address, get_cool_off
from axes.utils import reset as forget_failures
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.db.models import QuerySet
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password
from rest_framework_simplejwt.views import TokenViewBase

from iotsphere.models import User

NO_MATCH = "User name and password do not match, or the account is closed."
NOT_VALID = "The refresh token is not valid, has expired or was used before. Log in again."
LOCKED_OUT = "Too many wrong passwords."


class FamilyToken(RefreshToken):
    """A refresh token whose id begins with its family: `<family>.<token>`."""

    def set_jti(self) -> None:
        claim = api_settings.JTI_CLAIM
        self[claim] = f"{self.family if claim in self else uuid4().hex}.{uuid4().hex}"

    @property
    def family(self) -> str:
        return str(self[api_settings.JTI_CLAIM]).partition(".")[0]

    def check_blacklist(self) -> None:
        """Whether it was used before is settled by `rotate`, which does something about it."""

    @transaction.atomic
    def rotate(self) -> Self | None:
        """The next token of the family, with which this one is used up; None if it was used up before."""
        self._wait_for_family()
        _, unused = cast(tuple[BlacklistedToken, bool], self.blacklist())
        if not unused:
            return None
        successor = type(self)(cast(Any, str(self)))
        successor.set_jti()
        successor.set_exp()
        successor.set_iat()
        successor.outstand()
        return successor

    @transaction.atomic
    def end_family(self) -> None:
        self._wait_for_family()
        left = self._outstanding_family().filter(blacklistedtoken=None)
        BlacklistedToken.objects.bulk_create([BlacklistedToken(token=token) for token in left])

    def _wait_for_family(self) -> None:
        """One at a time: a token that is born while its family ends would live on."""
        list(self._outstanding_family().select_for_update().order_by("pk").values_list("pk"))

    def _outstanding_family(self) -> QuerySet[OutstandingToken]:
        return OutstandingToken.objects.filter(jti__startswith=f"{self.family}.")

    def owner(self) -> User | None:
        """Whom it was given to, unless the account is closed or has a new password since."""
        user = get_user_model().objects.filter(pk=self[api_settings.USER_ID_CLAIM], is_active=True).first()
        if user is None or self.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(user.password):
            return None
        return user


class CredentialsSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150, write_only=True)
    password = serializers.CharField(
        max_length=1024, write_only=True, trim_whitespace=False, style={"input_type": "password"}
    )
    refresh = serializers.CharField(read_only=True, help_text="Worth one refresh within a week.")
    access = serializers.CharField(read_only=True, help_text="For the Authorization header, for 15 minutes.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        request = self.context["request"]
        user = authenticate(request=request, **attrs)
        if getattr(request, "axes_locked_out", False):
            cool_off = get_cool_off(request)
            raise Throttled(cool_off and cool_off.total_seconds(), LOCKED_OUT)
        if user is None:
            raise AuthenticationFailed(NO_MATCH)
        forget_failures(ip=get_client_ip_address(request), username=attrs["username"])
        update_last_login(User, user)
        token = FamilyToken.for_user(user)
        return {"refresh": str(token), "access": str(token.access_token)}


class RefreshSerializer(serializers.Serializer):
    refresh = serializers.CharField(max_length=4096)
    access = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        token = _read(attrs["refresh"])
        successor = token.rotate() if token.owner() else None
        if successor is None:
            token.end_family()
            raise AuthenticationFailed(NOT_VALID)
        return {"refresh": str(successor), "access": str(successor.access_token)}


class RevokeSerializer(serializers.Serializer):
    refresh = serializers.CharField(max_length=4096, write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        _read(attrs["refresh"]).end_family()
        return {}


def _read(refresh: str) -> FamilyToken:
    try:
        return FamilyToken(cast(Any, refresh))
    except TokenError as error:
        raise AuthenticationFailed(NOT_VALID) from error


@method_decorator(never_cache, name="dispatch")
@extend_schema(
    tags=["token"],
    summary="Log in",
    responses={
        200: CredentialsSerializer,
        429: OpenApiResponse(description=f"{LOCKED_OUT} Retry-After says how long."),
    },
)
class TokenView(TokenViewBase):
    """Log in: user name and password for an access and a refresh token.

    Too many wrong passwords answer 429 for a while, also to the right one.
    """

    serializer_class = CredentialsSerializer


@method_decorator(never_cache, name="dispatch")
@extend_schema(tags=["token"], summary="Refresh the tokens")
class RefreshView(TokenViewBase):
    """A new access token and a new refresh token for a refresh token, which is used up by this.

    One that comes a second time ends all that descend from the same login.
    """

    serializer_class = RefreshSerializer


@extend_schema(tags=["token"], summary="Log out", responses={204: None})
class RevokeView(TokenViewBase):
    """Log out: the refresh token and all that descend from the same login are worth nothing from now on."""

    serializer_class = RevokeSerializer

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        super().post(request, *args, **kwargs)
        return Response(status=204)
