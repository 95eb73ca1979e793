"""The sentence an alert is told with: a rule's template, filled in. Pure."""

from collections.abc import Collection, Mapping
from string import Formatter

# The names a template may hold, each with what it may stand for.
EXAMPLE = {
    "device": "Boiler 3",
    "device_id": "WH_03",
    "project": "Site North",
    "rule": "Water too hot",
    "severity": "critical",
    "what": "Temperature",
    "value": "81.5 °C",
    "limit": "75 °C",
}
NAMES = tuple(EXAMPLE)
DEFAULT = "{device}: {what} is {value} (limit {limit})"


class InvalidTemplate(ValueError):
    """Why a template cannot be used, in a sentence for who wrote it."""


def check_template(template: str, names: Collection[str] = NAMES) -> None:
    """Raises InvalidTemplate unless it names what there is, and nothing but plain names."""
    try:
        for _, name, spec, conversion in Formatter().parse(template):
            if name is None:
                continue
            if name not in names or spec or conversion:
                asked = "{" + name + "}"
                known = ", ".join("{" + known + "}" for known in names)
                raise InvalidTemplate(f"{asked} is not known here. These names are: {known}.")
    except ValueError as error:
        if isinstance(error, InvalidTemplate):
            raise
        raise InvalidTemplate("A { or } is left alone: write {{ or }} for the character itself.") from error


def fill(template: str, names: Mapping[str, str]) -> str:
    return (template or DEFAULT).format_map(names)[:500]
