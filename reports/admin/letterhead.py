from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BooleanField, FileField, ModelForm
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from PIL import Image
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from devices.admin.filters import ProjectFilter
from devices.admin.history import WithHistory
from devices.admin.scope import ProjectScoped
from devices.permissions import Permission
from reports.models import Letterhead

MOST_BYTES = 512 * 1024
MOST_PIXELS = 4_000_000
FORMATS = ("PNG", "JPEG")


class LetterheadForm(ModelForm):
    picture = FileField(
        label="logo", required=False, widget=UnfoldAdminFileFieldWidget,
        help_text="PNG or JPEG, up to 512 kB. On the cover it stands on white.",
    )  # fmt: skip
    forget_picture = BooleanField(label="remove the logo", required=False, widget=UnfoldBooleanSwitchWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if language := self.fields.get("language"):
            language.widget = UnfoldAdminSelectWidget(choices=[("", "---------"), *settings.LANGUAGES])

    def clean_picture(self) -> bytes | None:
        file = self.cleaned_data["picture"]
        if file is None:
            return None
        if file.size > MOST_BYTES:
            raise ValidationError("A logo has 512 kB at the most: make it smaller.")
        content: bytes = file.read()
        try:
            with Image.open(BytesIO(content), formats=FORMATS) as picture:
                pixels = picture.width * picture.height
                picture.verify()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise ValidationError("That is no picture as PNG or JPEG.") from error
        if pixels > MOST_PIXELS:
            raise ValidationError("A logo has four million pixels at the most: make it smaller.")
        return content

    def save(self, commit: bool = True) -> Any:
        if self.cleaned_data["forget_picture"]:
            self.instance.logo = b""
        if self.cleaned_data["picture"] is not None:
            self.instance.logo = self.cleaned_data["picture"]
        return super().save(commit)


@admin.register(Letterhead)
class LetterheadAdmin(ProjectScoped, WithHistory):
    """What stands on the covers of a project's reports."""

    permission = Permission.MANAGE_REPORTS
    form = LetterheadForm
    list_display = ["project", "organisation", "size"]
    list_filter = [("project", ProjectFilter)]
    list_select_related = ["project"]
    search_fields = ["project__name", "organisation"]
    readonly_fields = ["size"]
    nothing = "No letterheads yet"
    nothing_help = "Without one, reports bear the portal's name."

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        language = ["language"] if len(settings.LANGUAGES) > 1 else []
        return ["project", "organisation", *language, "picture", "forget_picture", "size"]

    @display(description="logo")
    def size(self, letterhead: Letterhead) -> str:
        return filesizeformat(len(letterhead.logo)) if letterhead.logo else "none"
