"""What people fill in to roll a package out. It is posted twice: the first answer is a preview, the second begins."""

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from devices.firmware.rollout import Rules, start
from devices.firmware.targets import Plan, choose, of_package, plan
from devices.firmware.waves import EXAMPLE, read_waves
from devices.models import FirmwareCampaign, FirmwarePackage
from devices.permissions import AnyUser

MOST_WEEKS = 13


class RolloutForm(forms.Form):
    """`seen` is what the person was shown a preview of: only that is begun."""

    label = forms.ChoiceField(label="Devices", required=False)
    devices = forms.CharField(
        label="Only these", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Device IDs. Empty: all that are chosen above.",
    )  # fmt: skip
    waves = forms.CharField(
        max_length=200, initial=EXAMPLE, help_text="Numbers of devices, percents of all, and the rest."
    )
    soak = forms.IntegerField(
        label="Minutes between waves", min_value=0, max_value=30 * 24 * 60, initial=10,
        help_text="The next one begins so long after all devices of a wave have ended.",
    )  # fmt: skip
    most_failed_percent = forms.IntegerField(
        label="Abort if more fail, %", required=False, min_value=0, max_value=100, initial=10,
        help_text="Of the devices that have had their turn. Empty: whatever happens.",
    )  # fmt: skip
    most_failed = forms.IntegerField(
        label="Abort if more fail, devices", required=False, min_value=0, max_value=1_000_000,
        help_text="A number, whatever the share. Empty: any number.",
    )  # fmt: skip
    timeout = forms.IntegerField(
        label="Minutes to update", min_value=1, max_value=24 * 60, initial=60,
        help_text="A device that does not run it so long after it was told has failed.",
    )  # fmt: skip
    expires_after = forms.IntegerField(
        label="Hours to return", min_value=1, max_value=MOST_WEEKS * 7 * 24, initial=24,
        help_text="A device that is away so long has failed.",
    )  # fmt: skip
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, package: FirmwarePackage, by: AnyUser) -> None:
        super().__init__(data)
        self.package, self.by = package, by
        labels = {word for words in of_package(package).values_list("labels", flat=True) for word in words}
        choices = [(label, f"Those with the label {label}") for label in sorted(labels, key=str.casefold)]
        cast(Any, self.fields["label"]).choices = [("", "All of its type"), *choices]

    def clean_waves(self) -> list[str]:
        try:
            return read_waves(self.cleaned_data["waves"])
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            ids = cleaned["devices"].replace(",", " ").split()
            self.target, self.chosen, self.missing = choose(
                self.by, self.package, label=cleaned["label"], device_ids=ids
            )
        return cleaned

    @property
    def was_seen(self) -> bool:
        return self.cleaned_data["seen"] == self._signature(self.plan())

    def plan(self) -> Plan:
        made = plan(self.by, self.package, self.chosen)
        made.skipped[:0] = self.missing
        return made

    def with_plan_seen(self, made: Plan) -> "RolloutForm":
        data = cast(QueryDict, self.data).copy()
        data["seen"] = self._signature(made)
        return RolloutForm(data, self.package, self.by)

    def start(self) -> FirmwareCampaign:
        """Raises ValidationError if nobody can be sent it by now."""
        cleaned = self.cleaned_data
        rules = Rules(
            waves=cleaned["waves"],
            soak=timedelta(minutes=cleaned["soak"]),
            most_failed=cleaned["most_failed"],
            most_failed_percent=cleaned["most_failed_percent"],
            timeout=timedelta(minutes=cleaned["timeout"]),
            expires_after=timedelta(hours=cleaned["expires_after"]),
        )
        return start(self.by, self.package, self.target, self.chosen, rules)[0]

    def _signature(self, made: Plan) -> str:
        return " ".join(str(device.pk) for device in made.targets) or "none"
