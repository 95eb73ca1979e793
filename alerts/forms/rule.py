"""What is written about a rule on its page."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from alerts.models import AlertRule
from alerts.schedule import DAYS
from devices.models import Device, Project
from devices.permissions import AnyUser, Permission

MAX_JSON = 20_000
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class ShortJSONField(forms.JSONField):
    """JSON as people or the editor write it: what is too long, too deep or too large a number is refused."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > MAX_JSON:
            raise ValidationError(f"That is too long: {MAX_JSON:,} characters at most.")
        try:
            return super().to_python(value)
        except (ValueError, RecursionError) as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)


class RuleForm(forms.ModelForm):
    """`schedule` is asked for as days and hours; no day and no hour: always."""

    project = forms.ModelChoiceField(queryset=Project.objects.none(), help_text="Whose devices it is about.")
    device = forms.ModelChoiceField(
        queryset=Device.objects.none(),
        to_field_name="device_id",
        required=False,
        widget=forms.TextInput(attrs={"list": "devices", "maxlength": 64, "autocomplete": "off"}),
        label="Device ID",
        error_messages={"invalid_choice": "There is no device with that ID that you can see."},
    )
    levels = ShortJSONField(
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        error_messages={"required": "A rule has one level at least.", "invalid": "That is no JSON."},
    )
    days = forms.MultipleChoiceField(
        choices=[(day, day.capitalize()) for day in DAYS], required=False, widget=forms.CheckboxSelectMultiple
    )
    opens = forms.TimeField(required=False, label="From", widget=CLOCK)
    closes = forms.TimeField(required=False, label="To", widget=CLOCK)
    time_zone = forms.ChoiceField(required=False, help_text="Of these hours.")

    class Meta:
        model = AlertRule
        fields = ["name", "description", "project", "device_type", "label", "device", "levels", "time_zone", "message"]
        widgets = {"message": forms.Textarea(attrs={"rows": 2, "maxlength": 300})}

    def __init__(self, user: AnyUser, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule: AlertRule = self.instance
        projects = self.fields["project"]
        projects.queryset = Project.objects.where_user_may(user, Permission.MANAGE_RULES)  # type: ignore[attr-defined]
        if getattr(user, "is_superuser", False):
            projects.required = False
            projects.empty_label = "All projects"  # type: ignore[attr-defined]
        self.fields["device"].queryset = Device.objects.visible_to(user)  # type: ignore[attr-defined]
        self.fields["device_type"].empty_label = "Devices of all types"  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = [("", "The project's"), *((name, name) for name in _zones())]  # type: ignore[attr-defined]
        if rule.device is not None:
            self.initial["device"] = rule.device.device_id
        said = rule.schedule if isinstance(rule.schedule, dict) else {}
        if said:
            self.initial = {
                **self.initial,
                "days": said.get("days", list(DAYS)),
                "opens": said.get("from"),
                "closes": said.get("to"),
            }

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        self.instance.schedule = self._schedule(said)
        return said

    def clean_label(self) -> str:
        return str(self.cleaned_data["label"]).strip()

    def _schedule(self, said: dict[str, Any]) -> dict[str, Any]:
        days, opens, closes = said.get("days"), said.get("opens"), said.get("closes")
        if (not days or len(days) == len(DAYS)) and opens is None and closes is None:
            return {}
        hours = {name: f"{hour:%H:%M}" for name, hour in (("from", opens), ("to", closes)) if hour is not None}
        return {"days": days or list(DAYS), **hours}


def _zones() -> list[str]:
    return sorted(available_timezones())
