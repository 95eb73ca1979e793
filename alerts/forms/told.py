"""Who is told of a project's alerts besides what people say of themselves: escalation and webhooks."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model

from alerts.forms.rule import ShortJSONField
from alerts.models import EscalationStep, Webhook
from devices.models import Project


class StepForm(forms.ModelForm):
    """To a person or to all with a role; the model says so if neither or both are chosen."""

    class Meta:
        model = EscalationStep
        fields = ["after_minutes", "minimum", "user", "role", "transport"]
        labels = {"after_minutes": "After minutes", "role": "Or everybody who is", "transport": "By"}

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = get_user_model().objects.filter(is_active=True, memberships__project=project).order_by("username")
        self.fields["user"].queryset = members  # type: ignore[attr-defined]


class WebhookForm(forms.ModelForm):
    url = forms.URLField(label="Address", max_length=500, assume_scheme="https")
    template = ShortJSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text='JSON in whose texts {names} are filled in, such as {"text": "{severity}: {message}"}. Empty: all.',
        error_messages={"invalid": "That is no JSON."},
    )

    class Meta:
        model = Webhook
        fields = ["name", "url", "minimum", "template", "is_enabled"]

    def __init__(self, _: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
