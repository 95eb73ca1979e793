from typing import Any

from django.core.exceptions import ValidationError
from django.forms import CharField
from unfold.widgets import UnfoldAdminTextInputWidget

MAX_LENGTH = 40


def words_of(text: str) -> list[str]:
    """`cellar, north` as a list, each word once. Raises ValidationError."""
    words = list(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))
    if too_long := [word for word in words if len(word) > MAX_LENGTH]:
        raise ValidationError(f"A label has at most {MAX_LENGTH} characters, unlike {too_long[0]!r}.")
    return words


class LabelsField(CharField):
    """A list of words, typed with commas between them."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=2000,
            widget=UnfoldAdminTextInputWidget,
            help_text="Short words to find devices by, with commas between them: cellar, north",
        )

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return words_of(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
