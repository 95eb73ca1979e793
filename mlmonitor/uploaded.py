"""A baseline that is sent as a profile: counts in bins instead of rows. What cannot be is told by feature. Pure."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from mlmonitor.models import FeatureKind, FeatureProfile
from mlmonitor.rows import LONGEST_KEY, Schema, kinds_of
from mlmonitor.statistics.outcomes import Outcomes
from mlmonitor.statistics.performance import Confusion, Errors
from mlmonitor.statistics.profiles import MOST_CATEGORIES, MOST_KNOWN, OTHER, CategoryProfile, NumericProfile

MOST_EDGES = 1_000
MOST_CLASSES = 1_000
MOST_ROWS = 10**9
LARGEST = 1e100
"""Its square is a number still."""


class BadProfile(ValueError):
    """Why a part of a profile is refused, in a sentence."""


def read_features(said: Any, schema: Schema) -> tuple[list[FeatureProfile], dict[str, str]]:
    """{"flow": {"edges": […], "counts": […], "mean": …, "deviation": …}, "mode": {"categories": {"eco": 70, …}}}.

    Also the reasons why features are none, by their names. `missing` counts rows without a value; `chunks` may say of
    windows of so many rows the mean and deviation of the PSI to the rest: {"100": [0.05, 0.02]}.
    """
    if not isinstance(said, Mapping) or not said:
        return [], {"features": "An object with a profile for each feature."}
    kinds = kinds_of(schema)
    found, wrong = [], {}
    for name, profile in said.items():
        try:
            if name not in kinds:
                raise BadProfile(f"The version has no such feature. There are: {', '.join(sorted(kinds))}.")
            found.append(_feature(name, kinds[name], profile))
        except BadProfile as error:
            wrong[str(name)[:LONGEST_KEY]] = str(error)
    return found, wrong


def read_outcomes(said: Any, *, classifies: bool) -> Outcomes:
    """How good it was: {"confusion": [[actual, predicted, count], …]}, or {"n", "mae", "rmse"} of numbers.

    Raises BadProfile.
    """
    if not isinstance(said, Mapping):
        raise BadProfile("outcomes is an object.")
    if classifies:
        confusion = Confusion(_confusion(said.get("confusion")))
        return Outcomes(confusion.n, confusion.n, confusion)
    n, mae, rmse = _count(said.get("n"), "n"), _number(said.get("mae"), "mae"), _number(said.get("rmse"), "rmse")
    if not 0 <= mae <= rmse:
        raise BadProfile("mae is not below 0, and rmse not below mae.")
    return Outcomes(n, n, errors=Errors(n, absolute=mae * n, square=rmse**2 * n, absolute_m2=(rmse**2 - mae**2) * n))


def _feature(name: str, kind: str, said: Any) -> FeatureProfile:
    if not isinstance(said, Mapping):
        raise BadProfile("A profile is an object.")
    bins, profile = _numeric(said) if kind == FeatureKind.NUMERIC else _categorical(said)
    if not 0 < profile.n <= profile.rows <= MOST_ROWS:
        raise BadProfile(f"It has no rows, or more than {MOST_ROWS:,}.")
    return FeatureProfile(
        feature=name, kind=kind, bins=bins, profile=profile.as_json(), spreads={"psi": _chunks(said.get("chunks", {}))}
    )


def _numeric(said: Mapping[str, Any]) -> tuple[dict[str, Any], NumericProfile]:
    edges = [_number(edge, "An edge") for edge in _list(said.get("edges"), "edges", MOST_EDGES)]
    if any(after <= before for before, after in pairwise(edges)):
        raise BadProfile("edges rise: each is above the one before.")
    counts = [_count(count, "A count") for count in _list(said.get("counts"), "counts", MOST_EDGES + 1)]
    if len(counts) != len(edges) + 1:
        raise BadProfile(
            f"{len(edges)} edges make {len(edges) + 1} bins, the outermost open; there are {len(counts)} counts."
        )
    n, mean, deviation = sum(counts), _number(said.get("mean"), "mean"), _number(said.get("deviation"), "deviation")
    if deviation < 0:
        raise BadProfile("deviation is not below 0.")
    missing = _count(said.get("missing", 0), "missing")
    return {"edges": edges}, NumericProfile(np.asarray(counts, dtype=float), missing, 0, n, mean, deviation**2 * n)


def _categorical(said: Mapping[str, Any]) -> tuple[dict[str, Any], CategoryProfile]:
    given = said.get("categories")
    if not isinstance(given, Mapping) or not 0 < len(given) <= MOST_CATEGORIES + MOST_KNOWN:
        raise BadProfile(f"categories is an object of 1 to {MOST_CATEGORIES + MOST_KNOWN:,} counts by name.")
    counts = {_name(name): _count(count, f"The count of {name!r}") for name, count in given.items()}
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    named, rest = ranked[:MOST_CATEGORIES], ranked[MOST_CATEGORIES:]
    kept = {name: counts[name] for name in named} | ({OTHER: sum(counts[name] for name in rest)} if rest else {})
    bins = {"named": sorted(named), "rest": sorted(rest), "is_cut": False}
    return bins, CategoryProfile(kept, _count(said.get("missing", 0), "missing"))


def _chunks(said: Any) -> dict[str, list[float]]:
    if not isinstance(said, Mapping):
        raise BadProfile("chunks is an object.")
    found = {}
    for length, pair in said.items():
        if not str(length).isascii() or not str(length).isdigit() or not 0 < int(str(length)[:13]) <= MOST_ROWS:
            raise BadProfile("chunks are told by their length in rows.")
        mean, deviation = (_number(one, "A chunk's mean or deviation") for one in _pair(pair))
        found[str(int(length))] = [mean, deviation]
    return found


def _pair(said: Any) -> Sequence[Any]:
    if not isinstance(said, list) or len(said) != 2:
        raise BadProfile("Of chunks mean and deviation are told: [0.05, 0.02].")
    return said


def _confusion(said: Any) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for cell in _list(said, "confusion", MOST_CLASSES):
        if not isinstance(cell, list) or len(cell) != 3:
            raise BadProfile("confusion is a list of [actual, predicted, count].")
        counts[_name(cell[0]), _name(cell[1])] = _count(cell[2], "A count")
    return counts


def _name(said: Any) -> str:
    if not isinstance(said, str) or len(said) > LONGEST_KEY or not said.isprintable():
        raise BadProfile(f"The name of a class is a text of at most {LONGEST_KEY} characters.")
    return said


def _list(said: Any, name: str, most: int) -> list[Any]:
    if not isinstance(said, list) or not 0 < len(said) <= most:
        raise BadProfile(f"{name} is a list of 1 to {most:,}.")
    return said


def _count(said: Any, name: str) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= MOST_ROWS:
        raise BadProfile(f"{name} is a whole number that is not below 0.")
    return said


def _number(said: Any, name: str) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not abs(said) <= LARGEST:
        raise BadProfile(f"{name} is a finite number, no larger than {LARGEST:g}.")
    return float(said)
