"""A rule is enabled after a look at what it would have raised, or knowingly without."""

from typing import Any

from alerts.models import AlertRule, Backtest
from alerts.models.backtest import BacktestStatus


class NotTried(Exception):
    """Why the rule is not enabled, in a sentence."""


def tried(rule: AlertRule) -> Backtest | None:
    """The newest backtest of what the rule says now."""
    return rule.backtests.filter(revision=rule.revision, status=BacktestStatus.DONE).order_by("-asked_at").first()


def checked(rule: AlertRule, *, seen: Backtest | None = None, untried: bool = False) -> dict[str, Any]:
    """What is noted of a rule that is about to be enabled: that somebody has looked at a backtest (`seen`), or wants
    none (`untried`). Once is enough for a revision. Raises NotTried.
    """
    revision = rule.next_revision()
    if rule.checked_revision == revision:
        return {}
    if not untried:
        if seen is None:
            raise NotTried("Try the rule on the past first, or enable it without.")
        if seen.rule_id != rule.pk or seen.revision != revision or seen.status != BacktestStatus.DONE:
            raise NotTried("The rule means something else since it was tried. Try it again.")
    return {"checked_revision": revision, "was_enabled_untried": untried}


def enable(rule: AlertRule, *, seen: Backtest | None = None, untried: bool = False) -> None:
    """Begin to raise alerts. Raises NotTried."""
    for name, value in checked(rule, seen=seen, untried=untried).items():
        setattr(rule, name, value)
    rule.is_enabled = True
    rule.save()


def disable(rule: AlertRule) -> None:
    """Raise no more; its open alerts end."""
    rule.is_enabled = False
    rule.save()
