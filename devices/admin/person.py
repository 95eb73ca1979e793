from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.forms import CharField
from unfold.widgets import UnfoldAdminTextInputWidget


class PersonField(CharField):
    """An account by its user name. Whoever administers one project has no need of a list of everybody's."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self) -> None:
        super().__init__(
            max_length=150,
            help_text="The user name. Accounts are created by those who run the platform.",
            widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            return get_user_model()._default_manager.filter(pk=value).values_list("username", flat=True).first()
        return value

    def clean(self, value: Any) -> AbstractBaseUser:
        name = super().clean(value)
        person = get_user_model()._default_manager.filter(username__iexact=name, is_active=True).first()
        if person is None:
            raise ValidationError(f"Nobody has the user name {name!r}. Ask those who run the platform for an account.")
        return person

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
