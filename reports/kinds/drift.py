"""Whether a model's data has drifted: what its checks found."""

from collections.abc import Iterator

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
from reports.words import time_in_words

TONE_OF = {
    Verdict.OK: Tone.GOOD,
    Verdict.WARNING: Tone.WARN,
    Verdict.DRIFT: Tone.BAD,
    Verdict.INSUFFICIENT: Tone.QUIET,
    Verdict.ERROR: Tone.BAD,
}
TONES = {str(verdict.label): tone for verdict, tone in TONE_OF.items()}
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
        yield Missing(f"version {version.name} was not checked in this time.")
        return
    check = checks[-1]
    features = list(check.features.all())
    drifted = sum(row.verdict == Verdict.DRIFT for row in features)
    yield Figures(
        [
            _verdict("verdict", "Data drift", check.verdict),
            _verdict("concept", "Concept drift", check.concept),
            Figure("moved", "Moved", 100 * check.moved, "%", 0, note="of what counts"),
            Figure("drifted", "Features in drift", drifted, note=f"of {len(features)}"),
        ]
    )
    start, end = (time_in_words(time, asked.zone) for time in (check.start, check.end))
    yield Text(f"{check.problem} Window of {start} to {end}, the newest of {len(checks)}.".strip())
    for reason in check.concept_reasons:
        yield Text(f"{reason['text']}.", Tone.BAD)
    yield _checks(checks, asked)
    yield _features(features)
    for one in [one for one in distributions(check) if one.bars][:DISTRIBUTIONS]:
        names = [bar.name for bar in one.bars]
        before, now = [bar.before for bar in one.bars], [bar.now for bar in one.bars]
        tones = [Tone.QUIET, TONE_OF[Verdict(one.row.verdict)]]
        title = f"{one.name}: PSI {one.row.psi:.3f}, limit {one.row.limit:.3f}"
        yield Bars(title, "%", names, [("Baseline", before), ("Production", now)], tones)


def _verdict(name: str, label: str, verdict: str) -> Figure:
    return Figure(name, label, str(Verdict(verdict).label), tone=TONE_OF[Verdict(verdict)])


def _checks(checks: list[DriftCheck], asked: Asked) -> Block:
    """One after the other: each verdict holds until the next check."""
    ends = [check.end for check in checks[1:]] + [asked.end]

    def strip(field: str) -> list[Stretch]:
        verdicts = [Verdict(getattr(check, field)) for check in checks]
        return [
            Stretch(str(verdict.label), TONE_OF[verdict], check.end, until)
            for check, verdict, until in zip(checks, verdicts, ends, strict=True)
        ]

    rows = [
        ("Data drift", strip("verdict")),
        ("Concept drift", strip("concept")),
        ("Performance", strip("performance")),
    ]
    states = [(str(verdict.label), TONE_OF[verdict]) for verdict in list(Verdict)[:4]]
    return Strips("What the checks found", asked.start, asked.end, rows, states)


def _features(features: list[FeatureDrift]) -> Table:
    columns = [
        Column("feature", "Feature", share=2),
        Column("verdict", "Verdict", Form.STATE),
        Column("psi", "PSI", Form.NUMBER, precision=3),
        Column("limit", "Limit", Form.NUMBER, precision=3),
        Column("js", "JS distance", Form.NUMBER, precision=3),
        Column("ks", "KS D", Form.NUMBER, precision=3),
        Column("missing", "Missing", Form.NUMBER, "% more", 1),
        Column("unseen", "Unseen", Form.NUMBER, "%", 1),
        Column("rows", "Rows", Form.NUMBER, precision=0),
    ]
    rows: list[Row] = [
        (
            named(row.feature),
            str(Verdict(row.verdict).label),
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
    return Table("features", "Features, what has drifted most first", columns, rows, TONES, empty="None is monitored.")
