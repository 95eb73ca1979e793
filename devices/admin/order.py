"""Send a command to many devices from their list: choose it, fill in what it asks for, see who gets it, send it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from django import forms
from django.http import QueryDict
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from devices.commands import Plan, plan
from devices.models import CommandType, Device
from devices.permissions import AnyUser
from devices.schema_inputs import Input, inputs

PREFIX = "param-"
MOST = 1000


class OrderForm(forms.Form):
    """Grows as it is answered. `seen` is what the person was shown a plan of: only that is sent."""

    name = forms.ChoiceField(label="Command", widget=UnfoldAdminSelectWidget)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, devices: Sequence[Device]) -> None:
        super().__init__(data)
        types = CommandType.objects.filter(device_type__in={device.device_type_id for device in devices})
        self._types = {command.name: command for command in types.order_by("-position", "-pk")}
        choices = sorted(((name, command.label) for name, command in self._types.items()), key=lambda pair: pair[1])
        named = self.fields["name"]
        named.choices = choices  # type: ignore[attr-defined]
        self.devices = devices
        self.asked: list[Input] = []
        chosen = self._types.get(data.get("name", "")) if data else None
        if chosen is not None:
            self.asked = inputs(chosen.params_schema)
            for each in self.asked:
                self.fields[PREFIX + each.key] = _field(each)

    @property
    def is_answered(self) -> bool:
        """Whether all that the command asks for is there: it is asked for only once the command is known."""
        return self.is_valid() and all(PREFIX + each.key in self.data for each in self.asked)

    @property
    def params(self) -> dict[str, Any]:
        given = {each.key: self.cleaned_data[PREFIX + each.key] for each in self.asked}
        return {key: value for key, value in given.items() if value not in (None, "")}

    @property
    def signature(self) -> str:
        return json.dumps([self.cleaned_data["name"], self.params, len(self.devices)], sort_keys=True)

    @property
    def was_seen(self) -> bool:
        return self.cleaned_data["seen"] == self.signature

    def plan(self, by: AnyUser) -> Plan:
        return plan(by, self.cleaned_data["name"], self.params, self.devices)

    def with_plan_seen(self) -> "OrderForm":
        data = cast(QueryDict, self.data).copy()
        data["seen"] = self.signature
        return OrderForm(data, self.devices)

    def unanswered(self) -> "OrderForm":
        """The same without complaints about what has not been asked yet."""
        form = OrderForm(None, self.devices)
        form.fields, form.asked = self.fields, self.asked
        form.initial = {"name": self.data.get("name"), **{PREFIX + each.key: each.default for each in self.asked}}
        return form


def shown(made: Plan) -> Iterator[str]:
    for device, _ in made.targets:
        yield f"{device.name} ({device.device_id}): {'now' if device.presence == 'online' else 'when it returns'}"
    for skipped in made.skipped:
        yield f"Skipped: {skipped.device_id}. {skipped.sentence}"


def _field(asked: Input) -> forms.Field:
    common: dict[str, Any] = {"label": asked.label, "help_text": asked.hint, "required": asked.required}
    if asked.kind == "integer":
        return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget, **_range(asked), **common)
    if asked.kind == "number":
        return forms.FloatField(widget=UnfoldAdminDecimalFieldWidget, **_range(asked), **common)
    if asked.kind == "text":
        return forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget, **common)
    choices = [True, False] if asked.kind == "boolean" else list(asked.choices)
    words = {True: "Yes", False: "No"} if asked.kind == "boolean" else {}
    offered = [(json.dumps(choice), words.get(choice, str(choice))) for choice in choices]
    return forms.TypedChoiceField(
        choices=offered if asked.required else [("", "–"), *offered],
        coerce=json.loads, empty_value=None, widget=UnfoldAdminSelectWidget, **common,
    )  # fmt: skip


def _range(asked: Input) -> dict[str, Any]:
    return {"min_value": asked.minimum, "max_value": asked.maximum}
