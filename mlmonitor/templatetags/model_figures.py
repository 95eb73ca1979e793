"""How the dashboard of models writes figures."""

from django import template

from mlmonitor.statistics.drift import Limits

register = template.Library()
BOTTOM = 60


@register.filter
def limits(given: Limits) -> list[tuple[str, float]]:
    return [("medium", given.medium), ("high", given.high), ("critical", given.critical)]


@register.filter
def from_bottom(height: float) -> str:
    """Where a bar of that height begins in a distribution's drawing."""
    return f"{BOTTOM - height:.2f}"


@register.filter
def points(share: float) -> str:
    """A share in percent."""
    return f"{100 * share:.0f}"
