"""What is written about a silence on its page."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from alerts.models import AlertRule, Silence
from devices.models import Device, Project
from devices.permissions import AnyUser, Permission

LENGTHS = [("30", "30 minutes"), ("60", "an hour"), ("240", "4 hours"), ("1440", "a day"), ("10080", "a week")]
MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class SilenceForm(forms.ModelForm):
    """From now on for a while, unless moments are given."""

    project = forms.ModelChoiceField(queryset=Project.objects.none())
    length = forms.ChoiceField(choices=LENGTHS, label="For", initial="60", required=False)
    starts_at = forms.DateTimeField(required=False, label="From", widget=MOMENT, help_text="Empty: now.")
    ends_at = forms.DateTimeField(required=False, label="Until", widget=MOMENT, help_text="Empty: as long as is said.")
    device = forms.ModelChoiceField(
        queryset=Device.objects.none(),
        to_field_name="device_id",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": 64, "autocomplete": "off"}),
        label="Device ID",
        error_messages={"invalid_choice": "There is no device with that ID that you can see."},
    )

    class Meta:
        model = Silence
        fields = ["project", "reason", "length", "starts_at", "ends_at", "rule", "device_type", "label", "device"]

    def __init__(self, user: AnyUser, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        projects = Project.objects.where_user_may(user, Permission.HANDLE_ALERTS)
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]
        self.fields["device"].queryset = Device.objects.visible_to(user)  # type: ignore[attr-defined]
        self.fields["rule"].queryset = AlertRule.objects.visible_to(user)  # type: ignore[attr-defined]
        self.fields["rule"].empty_label = "All rules"  # type: ignore[attr-defined]
        self.fields["device_type"].empty_label = "Devices of all types"  # type: ignore[attr-defined]
        if len(projects) == 1:
            self.initial["project"] = projects[0]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        starts_at = said.get("starts_at") or timezone.now()
        ends_at = said.get("ends_at") or starts_at + timedelta(minutes=int(said.get("length") or 60))
        if "ends_at" in said and ends_at <= max(starts_at, timezone.now()):
            self.add_error("ends_at", "It must end after it starts, and later than now.")
        return {**said, "starts_at": starts_at, "ends_at": ends_at}
