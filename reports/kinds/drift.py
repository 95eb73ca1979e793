"""Whether a model's data has drifted: what its checks found."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from mlmonitor.alerting import named
from mlmonitor.models import DriftCheck, FeatureDrift, ModelVersion
from mlmonitor.models.check import Verdict
from mlmonitor.panels import distributions
from reports.asked import Asked
from reports.documents import (
    Bars,
    Block,
    Column,
    Figure,
    Figures,
    Form,
    Missing,
    Row,
    Stretch,
    Strips,
    Table,
    Text,
    Tone,
)
from reports.kinds.performance import range_of
from reports.words import by_word, time_in_words, word
from telemetry.values import value_in_words

TONE_OF = {
    Verdict.OK: Tone.GOOD,
    Verdict.WARNING: Tone.WARN,
    Verdict.DRIFT: Tone.BAD,
    Verdict.INSUFFICIENT: Tone.QUIET,
    Verdict.ERROR: Tone.BAD,
}
DISTRIBUTIONS = 4
MOST_CHECKS = 1_000


def checks_of(version: ModelVersion, asked: Asked) -> list[DriftCheck]:
    """Those whose window ended in the report's time, oldest first."""
    over = range_of(asked)
    found = version.checks.whole().filter(end__gt=over.start, end__lte=over.end).select_related("baseline")
    return list(found.order_by("-end", "-pk")[:MOST_CHECKS])[::-1]


def drift_blocks(version: ModelVersion, asked: Asked) -> Iterator[Block]:
    checks = checks_of(version, asked)
    if not checks:
        yield Missing(_("version %(version)s was not checked in this time.") % {"version": version.name})
        return
    check = checks[-1]
    features = list(check.features.all())
    drifted = sum(row.verdict == Verdict.DRIFT for row in features)
    yield Figures(
        [
            _verdict("verdict", _("Data drift"), check.verdict),
            _verdict("concept", _("Concept drift"), check.concept),
            Figure("moved", _("Moved"), 100 * check.moved, "%", 0, note=_("of what counts")),
            Figure("drifted", _("Features in drift"), drifted, note=_("of %(count)s") % {"count": len(features)}),
        ]
    )
    start, end = (time_in_words(time, asked.zone) for time in (check.start, check.end))
    window = _("Window of %(start)s to %(end)s, the newest of %(count)s.")
    yield Text(f"{check.problem} {window % {'start': start, 'end': end, 'count': len(checks)}}".strip())
    for reason in check.concept_reasons:
        yield Text(f"{reason['text']}.", Tone.BAD)
    yield _checks(checks, asked)
    yield _features(features)
    for one in [one for one in distributions(check) if one.bars][:DISTRIBUTIONS]:
        names = [bar.name for bar in one.bars]
        before, now = [bar.before for bar in one.bars], [bar.now for bar in one.bars]
        tones = [Tone.QUIET, TONE_OF[Verdict(one.row.verdict)]]
        psi, limit = (value_in_words(number, 3) for number in (one.row.psi, one.row.limit))
        title = _("%(feature)s: PSI %(psi)s, limit %(limit)s") % {"feature": word(one.name), "psi": psi, "limit": limit}
        yield Bars(title, "%", names, [(_("Baseline"), before), (_("Production"), now)], tones)


def _verdict(name: str, label: str, verdict: str) -> Figure:
    return Figure(name, label, word(Verdict(verdict).label), tone=TONE_OF[Verdict(verdict)])


def _checks(checks: list[DriftCheck], asked: Asked) -> Block:
    """One after the other: each verdict holds until the next check."""
    ends = [check.end for check in checks[1:]] + [asked.end]

    def strip(field: str) -> list[Stretch]:
        verdicts = [Verdict(getattr(check, field)) for check in checks]
        return [
            Stretch(word(verdict.label), TONE_OF[verdict], check.end, until)
            for check, verdict, until in zip(checks, verdicts, ends, strict=True)
        ]

    rows = [
        (_("Data drift"), strip("verdict")),
        (_("Concept drift"), strip("concept")),
        (_("Performance"), strip("performance")),
    ]
    states = [(word(verdict.label), TONE_OF[verdict]) for verdict in list(Verdict)[:4]]
    return Strips(_("What the checks found"), asked.start, asked.end, rows, states)


def _features(features: list[FeatureDrift]) -> Table:
    columns = [
        Column("feature", _("Feature"), share=2),
        Column("verdict", _("Verdict"), Form.STATE),
        Column("psi", _("PSI"), Form.NUMBER, precision=3),
        Column("limit", _("Limit"), Form.NUMBER, precision=3),
        Column("js", _("JS distance"), Form.NUMBER, precision=3),
        Column("ks", _("KS D"), Form.NUMBER, precision=3),
        Column("missing", _("More missing"), Form.NUMBER, "%", 1),
        Column("unseen", _("Unseen"), Form.NUMBER, "%", 1),
        Column("rows", _("Rows"), Form.NUMBER, precision=0),
    ]
    rows: list[Row] = [
        (
            word(named(row.feature)),
            word(Verdict(row.verdict).label),
            row.psi,
            row.limit,
            row.js,
            row.ks,
            100 * row.missing_change,
            100 * row.unseen_share,
            row.n,
        )
        for row in sorted(features, key=lambda row: (-row.psi, row.feature))
    ]
    return Table(
        "features",
        _("Features, what has drifted most first"),
        columns,
        rows,
        by_word(TONE_OF),
        empty=_("None is monitored."),
    )
