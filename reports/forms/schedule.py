"""A schedule as people write it on its page."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model

from devices.permissions import Role
from reports.models import ReportTemplate, Schedule
from reports.models.schedule import MOST_ADDRESSES
from reports.timing import DAYS

CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class AddressesField(forms.CharField):
    """One on each line, or separated by commas."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        return list(dict.fromkeys(str(super().to_python(value)).replace(",", "\n").replace(";", "\n").split()))


class WeekdaysField(forms.TypedMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        choices = [(number, str(day)[:3]) for number, day in enumerate(DAYS)]
        super().__init__(choices=choices, coerce=int, required=False, empty_value=[], **kwargs)


class RolesField(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=Role.choices, required=False, label="All who are", **kwargs)


class ScheduleForm(forms.ModelForm):
    """Of a template of the project; its owner is whoever makes it."""

    weekdays = WeekdaysField(label="On")
    at = forms.TimeField(widget=CLOCK)
    addresses = AddressesField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "somebody@example.com"}),
        help_text=f"Of people without an account: one on each line, {MOST_ADDRESSES} at most.",
    )
    roles = RolesField()
    users = forms.ModelMultipleChoiceField(
        get_user_model().objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Members"
    )

    class Meta:
        model = Schedule
        fields = [
            "template", "every", "at", "weekdays", "day", "cron", "time_zone", "users", "roles", "addresses",
            "attach_up_to", "subject", "text", "skips_empty",
        ]  # fmt: skip
        widgets = {"text": forms.Textarea(attrs={"rows": 4}), "cron": forms.TextInput(attrs={"class": "mono"})}

    def __init__(self, templates: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields
        chosen["template"].queryset = templates
        chosen["template"].empty_label = None
        project = self.instance.template.project if self.instance.template_id else None
        of_project = (
            {"memberships__project": project} if project else {"memberships__project__in": _projects(templates)}
        )
        people = get_user_model().objects.filter(is_active=True, **of_project).distinct().order_by("username")
        chosen["users"].queryset = people

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        template: ReportTemplate | None = said.get("template")
        if template is not None and "users" in said:
            strangers = said["users"].exclude(memberships__project=template.project)
            if strangers.exists():
                names = ", ".join(str(user) for user in strangers)
                self.add_error("users", f"No members of {template.project}: {names}.")
        return said


def _projects(templates: Any) -> Any:
    return templates.order_by().values("project")
