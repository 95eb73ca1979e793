"""What people say of themselves, and where they are signed in."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from iotsphere.accounts.sign_ins import browser_in_words, live_sign_ins
from iotsphere.models import SignIn, User
from iotsphere.models.user import languages


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields: ClassVar = ["first_name", "last_name", "email", "time_zone", "language"]
        labels: ClassVar = {"email": gettext_lazy("E-mail address"), "time_zone": gettext_lazy("Time zone")}

    def __init__(self, data: Any, user: User) -> None:
        super().__init__(data, instance=user, label_suffix="")
        if len(languages()) < 2:
            del self.fields["language"]
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"


@login_required
@never_cache
@sensitive_post_parameters()
def profile(request: HttpRequest) -> HttpResponse:
    """Two forms; `form` of what was sent says which."""
    user = cast(User, request.user)
    sent = request.POST.get("form")
    # A copy: what was refused must not be shown as theirs.
    about = ProfileForm(request.POST if sent == "about" else None, User.objects.get(pk=user.pk))
    password = PasswordChangeForm(user, request.POST if sent == "password" else None, label_suffix="")
    for field in password.fields.values():
        field.widget.attrs["class"] = "input"
        field.widget.attrs.pop("autofocus", None)
    if about.is_valid():
        about.save()
        messages.success(request, _("Saved."))
        return redirect("profile")
    if password.is_valid():
        change_password(request, password)
        messages.success(request, _("Your password is changed. You are signed out everywhere else."))
        return redirect("profile")
    context = {
        "about": about,
        "password": password,
        "sign_ins": [(sign_in, browser_in_words(sign_in.browser)) for sign_in in live_sign_ins(user)],
        "this_session": request.session.session_key,
    }
    return render(request, "accounts/profile.html", context, status=400 if sent else 200)


def change_password(request: HttpRequest, form: PasswordChangeForm) -> None:
    user, before = form.save(), request.session.session_key
    user.sign_ins.exclude(session_key=before).delete()
    update_session_auth_hash(request, user)
    user.sign_ins.filter(session_key=before).update(session_key=request.session.session_key)


@require_POST
@login_required
def end_sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(SignIn, pk=pk, user=request.user.pk).delete()
    messages.success(request, _("That browser is signed out."))
    return redirect("profile")


@require_POST
@login_required
def end_others(request: HttpRequest) -> HttpResponse:
    cast(User, request.user).sign_ins.exclude(session_key=request.session.session_key).delete()
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("profile")
