"""The verdict on one feature, and on all of a model's together."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from mlmonitor.statistics.arrays import Counts, paired
from mlmonitor.statistics.chunks import Spreads, chunk_spreads, ks_distance, limit_for
from mlmonitor.statistics.distances import (
    RARE,
    js_distance,
    ks_of_bins,
    l_infinity,
    proportions_differ,
    psi,
)
from mlmonitor.statistics.profiles import OTHER, Categories, CategoryProfile, NumericProfile, bin_of, groups_of, merged
from mlmonitor.statistics.tails import chi_square_limit, chi_square_tail, significant

FEWEST_CURRENT, FEWEST_REFERENCE = 30, 100
CHANCE = 0.99
"""Of windows without drift, so many stay below the limit that chance sets."""
FALSE_FINDINGS = 0.01
KS_LIMIT, KS_CHANCE = 0.1, 0.001
UNSEEN_SHARE, UNSEEN_ROWS = 0.02, 5
MISSING_POINTS, MISSING_CHANCE = 0.05, 0.01
FEWEST_EXPECTED = 5
FEWEST_IN_REFERENCE = 30
"""Rows that a category must be expected to have in a window, and have in the reference, to be looked at for itself."""


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    DRIFT = "drift"
    INSUFFICIENT = "insufficient"
    ERROR = "error"


JUDGED = {Verdict.OK, Verdict.WARNING, Verdict.DRIFT}


class Rule(StrEnum):
    """Which limit the PSI was held against: the highest of three."""

    THRESHOLD = "threshold"
    CHANCE = "chance"
    CHUNKS = "chunks"


@dataclass(frozen=True, slots=True)
class Limits:
    """PSI from which a drift is medium, high and critical."""

    medium: float = 0.10
    high: float = 0.25
    critical: float = 0.50

    def severity(self, value: float) -> str:
        if value >= self.critical:
            return "critical"
        return "high" if value >= self.high else "medium"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one feature. Distances are without unit; `p` is the probability of such a PSI by chance."""

    verdict: Verdict
    n: int = 0
    psi: float = 0.0
    js: float = 0.0
    l_infinity: float = 0.0
    ks: float | None = None
    ks_p: float | None = None
    limit: float = 0.0
    rule: Rule = Rule.THRESHOLD
    p: float = 1.0
    severity: str = ""
    missing_change: float = 0.0
    is_missing_alarming: bool = False
    unseen_share: float = 0.0
    is_unseen_alarming: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A feature's reference, ready to be compared with: its profile and how much its own chunks differ."""

    profile: NumericProfile | CategoryProfile
    spreads: Spreads = field(default_factory=dict)
    ks_spreads: Spreads = field(default_factory=dict)

    @classmethod
    def of(cls, rows: ArrayLike, edges: ArrayLike) -> Self:
        """Of a numeric feature's rows in the order of time."""
        profile = NumericProfile.of(rows, edges)
        given = np.asarray(rows, dtype=np.float64)
        fine = bin_of(given[np.isfinite(given)], edges)
        groups = groups_of(profile.counts)
        return cls(profile, chunk_spreads(groups[fine]), chunk_spreads(groups[fine], ks_distance))

    @classmethod
    def of_categories(cls, values: Sequence[str | None], names: Categories) -> Self:
        """Of a categorical feature's values in the order of time."""
        number = {name: place for place, name in enumerate(sorted(names.named))}
        places = [number.get(value, len(number)) for value in values if value is not None]
        return cls(
            CategoryProfile.of(values, names), chunk_spreads(np.asarray(places, dtype=np.intp), _psi_of_frequent)
        )


def judge(reference: Reference, current: NumericProfile | CategoryProfile, limits: Limits | None = None) -> Finding:
    """Compare a window's profile with the reference's, as mlmonitor's drift rule says.

    1. Too few rows without missing ones (30 of the window, 100 of the reference): insufficient.
    2. PSI of about ten bins, against the highest of: the threshold; χ²₀.₉₉(B − 1) (1/n + 1/m), what chance does; mean +
       3 sd of the reference's own chunks. Not below it: drift, and how bad it is goes by what lies above it.
    3. KS D ≥ 0.1 with p < 0.001, above its own chunks' too, when the PSI says nothing: a warning.
    4. Apart from it: unseen categories (2 % and 5 rows), and a change of the missing rate (5 points, p < 0.01).

    Raises Unanswerable for profiles that are not of the same bins. Never NaN.
    """
    if type(reference.profile) is not type(current):
        return Finding(Verdict.ERROR, reason="The window's values are of another type than the reference's.")
    limits = limits or Limits()
    quality = _quality(reference.profile, current)
    m, n = reference.profile.n, current.n
    if n < FEWEST_CURRENT or m < FEWEST_REFERENCE:
        few = f"{n} rows of {FEWEST_CURRENT} needed" if n < FEWEST_CURRENT else "the reference has too few rows"
        return replace(quality, verdict=Verdict.INSUFFICIENT, n=n, reason=few)
    before, after = bins(reference.profile, current)
    is_there = before + after > 0
    before, after = before[is_there], after[is_there]
    noise = 1 / n + 1 / m
    value = psi(before, after)
    chance = chi_square_limit(CHANCE, before.size - 1) * noise
    own = limit_for(reference.spreads, n, m) or 0.0
    limit, rule = max((limits.medium, Rule.THRESHOLD), (chance, Rule.CHANCE), (own, Rule.CHUNKS))
    found = replace(
        quality,
        n=n,
        psi=value,
        js=js_distance(before, after),
        l_infinity=l_infinity(before, after),
        limit=limit,
        rule=rule,
        p=chi_square_tail(value / noise, before.size - 1),
    )
    if isinstance(current, NumericProfile) and isinstance(reference.profile, NumericProfile):
        tested = ks_of_bins(reference.profile.counts, current.counts)
        found = replace(found, ks=tested.value, ks_p=tested.p)
    if value >= limit:
        return replace(found, verdict=Verdict.DRIFT, severity=limits.severity(value - (limit - limits.medium)))
    ks_limit = max(KS_LIMIT, limit_for(reference.ks_spreads, n, m, power=0.5) or 0.0)
    if found.ks is not None and found.ks_p is not None and found.ks >= ks_limit and found.ks_p < KS_CHANCE:
        return replace(found, verdict=Verdict.WARNING, reason=f"KS D {found.ks:.2f}, limit {ks_limit:.2f}")
    return found


def bins(
    reference: NumericProfile | CategoryProfile, current: NumericProfile | CategoryProfile
) -> tuple[Counts, Counts]:
    """Both profiles' counts in the bins that are compared: about ten of a number, the frequent ones of a category."""
    if isinstance(reference, NumericProfile) and isinstance(current, NumericProfile):
        groups = groups_of(reference.counts)
        return paired(merged(reference.counts, groups), merged(current.counts, groups))
    if isinstance(reference, CategoryProfile) and isinstance(current, CategoryProfile):
        names, before, after = categories(reference, current)
        return _frequent(before, after, names.index(OTHER) if OTHER in names else None)
    raise TypeError("Profiles of two types.")


def categories(reference: CategoryProfile, current: CategoryProfile) -> tuple[list[str], Counts, Counts]:
    """The names in the reference's order, the most frequent first, and both counts; what is unseen comes last."""
    names = sorted(reference.counts, key=lambda name: (-reference.counts[name], name))
    extra = sorted(set(current.counts) - set(names))
    before = [reference.counts.get(name, 0) for name in names + extra] + [reference.unseen]
    after = [current.counts.get(name, 0) for name in names + extra] + [current.unseen]
    return [*names, *extra, "unseen"], np.asarray(before, dtype=float), np.asarray(after, dtype=float)


def together(findings: Sequence[Finding], rate: float = FALSE_FINDINGS) -> list[Finding]:
    """What stands of several features' findings: a drift that is due to their number alone becomes a warning.

    Benjamini–Hochberg over their p, at 1 % unless told.
    """
    judged = [place for place, found in enumerate(findings) if found.verdict in JUDGED]
    stands = dict(zip(judged, significant([findings[place].p for place in judged], rate), strict=True))
    return [
        replace(found, verdict=Verdict.WARNING, reason="Of so many features, one does this by chance.")
        if found.verdict == Verdict.DRIFT and not stands[place]
        else found
        for place, found in enumerate(findings)
    ]


def of_all(verdicts: Sequence[Verdict], importance: ArrayLike, share: float = 0.5) -> tuple[Verdict, float]:
    """The one verdict on a model, and how much of the importance has drifted, in [0, 1].

    Drift from `share` on, a warning where any feature has drifted or warns; features without a verdict do not count.
    Importances that are all 0 count alike.
    """
    weights = np.asarray(importance, dtype=np.float64)
    counts = np.array([verdict in JUDGED for verdict in verdicts], dtype=bool)
    if not counts.any():
        is_broken = bool(verdicts) and all(verdict == Verdict.ERROR for verdict in verdicts)
        return (Verdict.ERROR if is_broken else Verdict.INSUFFICIENT), 0.0
    if weights[counts].sum() <= 0:
        weights = np.ones_like(weights)
    drifted = np.array([verdict == Verdict.DRIFT for verdict in verdicts], dtype=bool)
    moved = float(weights[drifted].sum() / weights[counts].sum())
    if moved >= share:
        return Verdict.DRIFT, moved
    warns = drifted.any() or Verdict.WARNING in verdicts
    return (Verdict.WARNING if warns else Verdict.OK), moved


def _psi_of_frequent(reference: Counts, current: Counts) -> float:
    return psi(*_frequent(reference, current, reference.size - 1))


def _frequent(reference: Counts, current: Counts, other: int | None) -> tuple[Counts, Counts]:
    """The frequent categories' counts; last of the rare ones together, with those that the reference did not name.

    Which ones were named is chance where the reference has few rows of each: their shares came out too high.
    """
    rare = max(
        RARE, FEWEST_EXPECTED / max(1, current.sum()), FEWEST_IN_REFERENCE / max(1, reference.sum())
    ) * reference.sum()  # fmt: skip
    is_rare = reference < rare
    if other is not None and is_rare[np.arange(is_rare.size) != other].any():
        is_rare[other] = True
    if is_rare.sum() < 2:
        return reference, current
    return (
        np.append(reference[~is_rare], reference[is_rare].sum()),
        np.append(current[~is_rare], current[is_rare].sum()),
    )


def _quality(reference: NumericProfile | CategoryProfile, current: NumericProfile | CategoryProfile) -> Finding:
    """Missing values and unseen categories, which are no drift."""
    before = reference.missing / reference.rows if reference.rows else 0.0
    now = current.missing / current.rows if current.rows else 0.0
    p = proportions_differ(reference.missing, reference.rows, current.missing, current.rows)
    unseen = current.unseen if isinstance(current, CategoryProfile) else 0
    share = unseen / current.n if current.n else 0.0
    return Finding(
        Verdict.OK,
        missing_change=now - before,
        is_missing_alarming=abs(now - before) >= MISSING_POINTS and p < MISSING_CHANCE,
        unseen_share=share,
        is_unseen_alarming=share >= UNSEEN_SHARE and unseen >= UNSEEN_ROWS,
    )
