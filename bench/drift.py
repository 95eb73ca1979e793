"""How often windows without drift are called drift, and those with one are not; and how long a check takes."""

from collections.abc import Callable, Iterator
from time import perf_counter

import numpy as np

from bench.options import options
from bench.report import at_least, at_most
from mlmonitor.statistics.arrays import Floats
from mlmonitor.statistics.drift import Reference, Verdict, judge
from mlmonitor.statistics.profiles import Categories, CategoryProfile, NumericProfile, edges_of
from tests.mlmonitor.test_verdicts import autoregressive, bimodal, integers, normal
from tests.servers.installation import Installation

ROWS, FEATURES = 100_000, 20
SIZES = (50, 100, 200, 500, 1_000, 5_000)
Made = Callable[[np.random.Generator, int], Floats]


def measure(_installation: Installation) -> Iterator[str]:
    rng = np.random.default_rng(2024)
    yield from _equal(rng)
    yield from _autocorrelated(rng)
    yield from _shifted(rng)
    yield from _sparse(rng)
    yield from _duration(rng)


def _equal(rng: np.random.Generator) -> Iterator[str]:
    """By size: where chance sets the limit (few rows), it is 1 % by construction, and some sizes come out above."""
    references, windows = options.size(160, 5), options.size(25, 5)
    for name, made in (("normal", normal), ("discrete", integers), ("bimodal", bimodal)):
        for rows in SIZES:
            alarms = sum(_alarms(rng, made, made, rows, windows) for _ in range(references))
            share = 100 * alarms / (references * windows)
            yield at_most(f"false alarms on equal {name} distributions of {rows:,} rows", share, 1, "%")


def _autocorrelated(rng: np.random.Generator) -> Iterator[str]:
    references = options.size(60, 5)
    alarms = 0
    for before in autoregressive(rng, 5_000, references):
        edges = edges_of(before)
        reference = Reference.of(before, edges)
        windows = autoregressive(rng, 800, 20)
        alarms += sum(judge(reference, NumericProfile.of(rows, edges)).verdict == Verdict.DRIFT for rows in windows)
    yield at_most("false alarms on AR(1), φ 0.9, windows of 800", 100 * alarms / (references * 20), 12, "%")


def _shifted(rng: np.random.Generator) -> Iterator[str]:
    for rows in (200, 500, 1_000):
        trials = options.size(400, 20)
        found = sum(_alarms(rng, normal, lambda rng, n: normal(rng, n) + 0.5, rows, trials // 10) for _ in range(10))
        yield at_least(f"shifts of 0.5 sd that are found in {rows} rows", found / (trials // 10 * 10), 0.95)


def _sparse(rng: np.random.Generator) -> Iterator[str]:
    names = [f"c{number}" for number in range(200)]
    trials = options.size(200, 20)
    alarms = 0
    for _ in range(trials):
        before = rng.choice(names, 5_000).tolist()
        known = Categories.of(before)
        after = CategoryProfile.of(rng.choice(names, 1_000).tolist(), known)
        alarms += judge(Reference.of_categories(before, known), after).verdict == Verdict.DRIFT
    yield at_most("false alarms on 200 sparse categories", 100 * alarms / trials, 1, "%")


def _duration(rng: np.random.Generator) -> Iterator[str]:
    before, after = rng.normal(size=(FEATURES, ROWS)), rng.normal(size=(FEATURES, ROWS))
    edges = [edges_of(rows) for rows in before]
    references = [Reference.of(rows, of_rows) for rows, of_rows in zip(before, edges, strict=True)]
    started = perf_counter()
    profiles = [NumericProfile.of(rows, of_rows) for rows, of_rows in zip(after, edges, strict=True)]
    binned = perf_counter()
    for reference, profile in zip(references, profiles, strict=True):
        judge(reference, profile)
    judged = perf_counter()
    what = f"a check of {ROWS:,} rows × {FEATURES} features"
    yield at_most(f"{what} from rows", (judged - started) * 1000, 500, "ms")
    yield at_most(f"{what} from profiles", (judged - binned) * 1000, 50, "ms")


def _alarms(rng: np.random.Generator, made: Made, then: Made, rows: int, trials: int) -> int:
    before = made(rng, 2_000)
    edges = edges_of(before)
    reference = Reference.of(before, edges)
    windows = (NumericProfile.of(then(rng, rows), edges) for _ in range(trials))
    return sum(judge(reference, window).verdict == Verdict.DRIFT for window in windows)
