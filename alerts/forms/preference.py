"""From which severity on, and when, somebody wants to be told through one transport."""

from typing import Any

from django import forms
from django.http import QueryDict

from alerts.forms.rule import CLOCK
from alerts.models import NotificationPreference
from alerts.models.notification import MinimumSeverity
from alerts.notify.rulings import Row
from devices.models import Project
from devices.permissions import AnyUser


class PreferenceForm(forms.Form):
    """No severity: nothing is said, and what rules otherwise does."""

    minimum = forms.ChoiceField(required=False)
    quiet_from = forms.TimeField(required=False, label="Quiet from", widget=CLOCK)
    quiet_to = forms.TimeField(required=False, label="to", widget=CLOCK)

    row: Row

    @classmethod
    def of(cls, row: Row, said: QueryDict | None) -> "PreferenceForm":
        own = row.own
        initial = {} if own is None else {name: getattr(own, name) for name in cls.base_fields}
        form = cls(said, prefix=row.transport, initial=initial, auto_id=False)
        form.row = row
        form.fields["minimum"].choices = [("", row.ruling_in_words), *MinimumSeverity.choices]  # type: ignore[attr-defined]
        return form

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if (said.get("quiet_from") is None) != (said.get("quiet_to") is None) and not self.errors:
            self.add_error("quiet_to", "Quiet hours have a beginning and an end.")
        if said.get("quiet_from") is not None and not said.get("minimum"):
            self.add_error("minimum", "Choose of which alerts, too: quiet hours belong to that.")
        return said

    def keep(self, user: "AnyUser | None", project: Project | None) -> None:
        """As the word of a person, or as that of the project."""
        whose = user.pk if user else None
        which: dict[str, Any] = {"user_id": whose, "project": project, "transport": self.row.transport}
        if self.cleaned_data["minimum"]:
            NotificationPreference.objects.update_or_create(**which, defaults=self.cleaned_data)
        else:
            NotificationPreference.objects.filter(**which).delete()
