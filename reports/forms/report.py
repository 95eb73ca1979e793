"""A report as people ask for it on its page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from rest_framework.exceptions import APIException

from devices.models import Device, Project
from devices.permissions import AnyUser, Permission
from mlmonitor.models import MonitoredModel
from reports.kinds import KINDS
from reports.models import Format, ReportTemplate
from reports.question import MOST_NAMES, PAGE_SIZES, read
from reports.refusals import sentences

MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
RANGES = [
    ("", "As usual for its kind"),
    ("24h", "The last 24 hours"),
    ("7d", "The last 7 days"),
    ("30d", "The last 30 days"),
    ("90d", "The last 90 days"),
    ("previous-day", "Yesterday"),
    ("previous-week", "The week before, Monday to Sunday"),
    ("previous-month", "The month before"),
    ("previous-quarter", "The quarter before"),
    ("previous-year", "The year before"),
    ("fixed", "From … to …"),
]
FIXED = "fixed"
# Under which field of the form something is said about a parameter.
FIELDS = {"from": "start", "to": "end"}
SAID_OF_KINDS = ("name", "label", "description", "icon", "is_about_devices", "is_about_models")


class Several(forms.SelectMultiple):
    def __init__(self) -> None:
        super().__init__(attrs={"size": 6})


class ReportForm(forms.Form):
    """What is said becomes parameters as reports.question reads them."""

    kind = forms.ChoiceField(label="What", choices=[(name, kind.label) for name, kind in KINDS.items()])
    project = forms.ModelChoiceField(
        Project.objects.none(), to_field_name="slug", required=False, empty_label="All my projects"
    )
    projects = forms.ModelMultipleChoiceField(
        Project.objects.none(), to_field_name="slug", required=False, widget=Several, label="And of these",
        help_text="Only who is in all of them sees it.",
    )  # fmt: skip
    range = forms.ChoiceField(choices=RANGES, required=False)
    start = forms.DateTimeField(label="From", required=False, widget=MOMENT)
    end = forms.DateTimeField(label="To", required=False, widget=MOMENT, help_text="Empty: now.")
    devices = forms.ModelMultipleChoiceField(
        Device.objects.none(), to_field_name="device_id", required=False, widget=Several, help_text="None chosen: all."
    )
    models = forms.ModelMultipleChoiceField(
        MonitoredModel.objects.none(), to_field_name="key", required=False, widget=Several,
        help_text="None chosen: all.",
    )  # fmt: skip
    sections = forms.MultipleChoiceField(
        label="Parts",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(f"{name}.{part}", title) for name, kind in KINDS.items() for part, title in kind.sections.items()],
    )
    title = forms.CharField(max_length=200, required=False, help_text="Empty: what its kind is called.")
    language = forms.ChoiceField(required=False)
    format = forms.ChoiceField(choices=Format.choices, initial=Format.PDF, widget=forms.RadioSelect)
    page_size = forms.ChoiceField(choices=[(size, size) for size in PAGE_SIZES], required=False)
    bom = forms.BooleanField(
        label="CSV for old spreadsheet programs", required=False, help_text="It begins with a byte order mark."
    )
    name = forms.CharField(
        label="Name of the template", max_length=100, required=False,
        help_text="A template is run again with a click, and by schedules.",
    )  # fmt: skip

    def __init__(self, user: AnyUser, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self._user = user
        projects = Project.objects.where_user_may(user, Permission.RUN_REPORTS)
        chosen: Any = self.fields
        chosen["project"].queryset = chosen["projects"].queryset = projects
        chosen["devices"].queryset = Device.objects.visible_to(user).filter(project__in=projects).order_by("name", "pk")
        chosen["models"].queryset = MonitoredModel.objects.visible_to(user).filter(project__in=projects)
        chosen["language"].choices = [("", "Yours, or the project's"), *settings.LANGUAGES]
        if len(settings.LANGUAGES) < 2:
            del chosen["language"]
        if len(projects) == 1:
            chosen["project"].empty_label = None
        self.parameters: dict[str, Any] = {}

    @property
    def kinds(self) -> list[dict[str, Any]]:
        """What one chooses from, each with the boxes of its parts."""
        boxes = list(self["sections"])
        return [
            {
                **{what: getattr(kind, what) for what in SAID_OF_KINDS},
                "sections": [box for box in boxes if str(box.data["value"]).startswith(f"{name}.")],
            }
            for name, kind in KINDS.items()
        ]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if self.errors:
            return said
        if said["range"] == FIXED and said["start"] is None:
            self.add_error("start", "Say when it begins.")
            return said
        self.parameters = _parameters(said)
        try:
            read(self.parameters, self._user)
        except APIException as error:
            for name, texts in sentences(error).items():
                field = FIELDS.get(name, name)
                self.add_error(field if field in self.fields else None, texts)
        return said


def initial_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a form shows of parameters: those of a template, or of an address."""
    kind = str(said.get("kind") or next(iter(KINDS)))
    sections = _names(said.get("sections")) or list(KINDS[kind].sections if kind in KINDS else ())
    return {
        "kind": kind,
        "project": said.get("project") or None,
        "projects": _names(said.get("projects")),
        "range": FIXED if said.get("from") else said.get("range", ""),
        "start": said.get("from"),
        "end": said.get("to"),
        "devices": _names(said.get("devices")),
        "models": _names(said.get("models")),
        "sections": [
            f"{name}.{part}" for name in KINDS for part in (sections if name == kind else KINDS[name].sections)
        ],
        "title": said.get("title", ""),
        "language": said.get("language", ""),
        "format": said.get("format") or Format.PDF,
        "page_size": said.get("page_size", PAGE_SIZES[0]),
        "bom": said.get("bom", False),
    }


def of_template(template: ReportTemplate) -> dict[str, Any]:
    return {**initial_of(template.parameters), "format": template.format, "name": template.name}


def _parameters(said: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was said, so that what is usual may change."""
    kind = KINDS[said["kind"]]
    parts = [value.partition(".")[2] for value in said["sections"] if value.startswith(f"{kind.name}.")]
    names = {
        "projects": [project.slug for project in said["projects"]],
        "devices": [device.device_id for device in said["devices"][: MOST_NAMES + 1]] if kind.is_about_devices else [],
        "models": [model.key for model in said["models"][: MOST_NAMES + 1]] if kind.is_about_models else [],
        "sections": parts if len(parts) < len(kind.sections) else [],
    }
    is_fixed = said["range"] == FIXED
    found = {
        "kind": kind.name,
        "project": said["project"].slug if said["project"] else "",
        "range": "" if is_fixed else said["range"],
        "from": said["start"].isoformat() if is_fixed else "",
        "to": said["end"].isoformat() if is_fixed and said["end"] else "",
        "title": said["title"],
        "language": said.get("language", ""),
        "page_size": said["page_size"],
        "bom": said["bom"],
        **names,
    }
    return {name: value for name, value in found.items() if value}


def _names(said: Any) -> list[str]:
    words = said.split(",") if isinstance(said, str) else said or []
    return [str(word) for word in words][:MOST_NAMES]
