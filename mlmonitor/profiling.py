"""Features' values become profiles in a baseline's bins, and profiles verdicts' figures; between rows and JSON."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlmonitor.models import FeatureKind, FeatureProfile
from mlmonitor.rows import as_words
from mlmonitor.statistics.arrays import Floats
from mlmonitor.statistics.chunks import Spread
from mlmonitor.statistics.drift import Reference
from mlmonitor.statistics.profiles import (
    MERGED_BINS,
    Categories,
    CategoryProfile,
    NumericProfile,
    bin_of,
    edges_of,
    groups_of,
)

Profile = NumericProfile | CategoryProfile


def numbers(values: Sequence[Any]) -> Floats:
    """Missing ones as NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def bins_of(kind: str, values: Sequence[Any]) -> dict[str, Any]:
    """The bins of a feature, from its values. Raises Unanswerable if none of them is a number."""
    if kind == FeatureKind.NUMERIC:
        return {"edges": edges_of(numbers(values))}
    names = Categories.of(as_words(values))
    return {"named": sorted(names.named), "rest": sorted(names.rest), "is_cut": names.is_cut}


def describe(feature: str, kind: str, values: Sequence[Any], bins: dict[str, Any]) -> FeatureProfile:
    """A feature of a new baseline, from its values in the order of time, in these bins."""
    if kind == FeatureKind.NUMERIC:
        reference = Reference.of(numbers(values), bins["edges"])
    else:
        reference = Reference.of_categories(as_words(values), _categories(bins))
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
    return CategoryProfile.of(as_words(values), _categories(stored.bins))


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


def places_of(stored: FeatureProfile, values: Sequence[Any]) -> NDArray[np.intp]:
    """The number of the compared bin that each value is in; -1 where it is missing."""
    if stored.kind == FeatureKind.NUMERIC:
        column = numbers(values)
        groups = groups_of(stored.profile["counts"])
        return np.where(np.isfinite(column), groups[bin_of(np.nan_to_num(column), stored.bins["edges"])], -1)
    counts = stored.profile["categories"]
    frequent = sorted(counts, key=lambda name: (-counts[name], name))[: MERGED_BINS - 1]
    number = {name: place for place, name in enumerate(frequent)}
    rest = len(frequent)
    return np.array([-1 if word is None else number.get(word, rest) for word in as_words(values)], dtype=np.intp)


def _categories(bins: Mapping[str, Any]) -> Categories:
    return Categories(frozenset(bins["named"]), frozenset(bins["rest"]), bins["is_cut"])
