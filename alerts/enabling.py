"""A rule is enabled after a look at what it would have raised, or knowingly without."""

from alerts.models import AlertRule, Backtest
from alerts.models.backtest import BacktestStatus


class NotTried(Exception):
    """Why the rule is not enabled, in a sentence."""


def enable(rule: AlertRule, *, seen: Backtest | None = None, untried: bool = False) -> None:
    """Begin to raise alerts. `seen`: the backtest somebody has looked at; `untried`: they want none.

    Once is enough for a revision. Raises NotTried.
    """
    if not (rule.is_checked or untried):
        if seen is None:
            raise NotTried("Try the rule on the past first, or enable it without.")
        if seen.rule_id != rule.pk or seen.revision != rule.revision or seen.status != BacktestStatus.DONE:
            raise NotTried("The rule means something else since it was tried. Try it again.")
    if not rule.is_checked:
        rule.checked_revision, rule.was_enabled_untried = rule.revision, untried
    rule.is_enabled = True
    rule.save()


def disable(rule: AlertRule) -> None:
    """Raise no more; its open alerts end."""
    rule.is_enabled = False
    rule.save()
