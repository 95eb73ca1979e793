"""Features' values become profiles in a baseline's bins, and profiles verdicts' figures; between rows and JSON."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from mlmonitor.models import FeatureKind, FeatureProfile
from mlmonitor.rows import as_words
from mlmonitor.statistics.arrays import Floats
from mlmonitor.statistics.chunks import Spread
from mlmonitor.statistics.drift import Reference
from mlmonitor.statistics.profiles import Categories, CategoryProfile, NumericProfile, edges_of

Profile = NumericProfile | CategoryProfile


def numbers(values: Sequence[Any]) -> Floats:
    """Missing ones as NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def describe(feature: str, kind: str, values: Sequence[Any]) -> FeatureProfile:
    """A feature of a new baseline, from its values in the order of time. Raises Unanswerable if none is a number."""
    if kind == FeatureKind.NUMERIC:
        column = numbers(values)
        bins: dict[str, Any] = {"edges": edges_of(column)}
        reference = Reference.of(column, bins["edges"])
    else:
        words = as_words(values)
        names = Categories.of(words)
        bins = {"named": sorted(names.named), "rest": sorted(names.rest), "is_cut": names.is_cut}
        reference = Reference.of_categories(words, names)
    spreads = {"psi": reference.spreads, "ks": reference.ks_spreads}
    return FeatureProfile(
        feature=feature,
        kind=kind,
        bins=bins,
        profile=reference.profile.as_json(),
        spreads={name: {str(length): list(spread) for length, spread in of.items()} for name, of in spreads.items()},
    )


def profile_of(stored: FeatureProfile, values: Sequence[Any]) -> Profile:
    """Values of a feature in the bins of its baseline."""
    if stored.kind == FeatureKind.NUMERIC:
        return NumericProfile.of(numbers(values), stored.bins["edges"])
    bins = stored.bins
    names = Categories(frozenset(bins["named"]), frozenset(bins["rest"]), bins["is_cut"])
    return CategoryProfile.of(as_words(values), names)


def read_profile(said: Mapping[str, Any]) -> Profile:
    return CategoryProfile.from_json(said) if "categories" in said else NumericProfile.from_json(said)


def reference_of(stored: FeatureProfile) -> Reference:
    spreads = {name: {int(length): Spread(*pair) for length, pair in of.items()} for name, of in stored.spreads.items()}
    return Reference(read_profile(stored.profile), spreads.get("psi", {}), spreads.get("ks", {}))


def nothing(stored: FeatureProfile) -> Profile:
    """The profile of no rows."""
    return profile_of(stored, [])


def together(profiles: Iterable[Mapping[str, Any]], stored: FeatureProfile) -> Profile:
    return reduce(add, (read_profile(said) for said in profiles), nothing(stored))
