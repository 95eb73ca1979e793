"""The first administrator of an empty portal: made through a link that only who started the portal has seen."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model, login
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.contenttypes.models import ContentType
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import FormView

VALID_FOR = timedelta(days=1)
_signer = TimestampSigner(salt="iotsphere.accounts.first_start")


def is_awaited() -> bool:
    """Whether nobody runs the platform yet."""
    return not get_user_model().objects.filter(is_superuser=True).exists()


def first_start_path() -> str:
    """The path of a link that makes one administrator within a day."""
    return reverse("first_start", args=[_signer.sign("administrator")])


class AdministratorForm(BaseUserCreationForm):
    class Meta(BaseUserCreationForm.Meta):
        model = get_user_model()
        fields = ("username", "email")

    def save(self, commit: bool = True) -> Any:
        self.instance.is_staff = self.instance.is_superuser = True
        return super().save(commit)


class FirstStartView(FormView):
    """Makes the first superuser, signs them in and sends them to the admin. Worthless once there is one."""

    form_class = AdministratorForm
    template_name = "accounts/first_start.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            _signer.unsign(kwargs["token"], max_age=VALID_FOR)
        except SignatureExpired:
            return self._refuse("This link has expired. Start the portal again: it shows a new one.")
        except BadSignature:
            return self._refuse("This link is not whole. Copy all of it from where the portal was started.")
        if not is_awaited():
            return self._refuse("This portal has its administrator already. Sign in, or ask them for an account.")
        return super().dispatch(request, *args, **kwargs)

    def _refuse(self, reason: str) -> HttpResponse:
        return self.render_to_response({"reason": reason}, status=403)

    def form_valid(self, form: AdministratorForm) -> HttpResponse:
        with transaction.atomic():
            # Two who hold the link: the second waits here for the first (on SQLite, whole transactions do).
            ContentType.objects.select_for_update().get(app_label="iotsphere", model="user")
            if not is_awaited():
                return self._refuse("Somebody else was quicker: this portal has its administrator now.")
            administrator = form.save()
        login(self.request, administrator, backend="django.contrib.auth.backends.ModelBackend")
        return redirect("admin:index")
