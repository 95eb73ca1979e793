"""Probabilities of chance: how likely a statistic at least as large is when nothing has changed."""

import math
from statistics import NormalDist

TINY = 1e-300
LONGEST = 10_000


def chi_square_tail(value: float, degrees: int) -> float:
    """P(X ≥ value) for X ~ χ²(degrees), in [0, 1]; 1 for no degrees of freedom, since then nothing can differ.

    The regularised upper incomplete gamma function Q(degrees / 2, value / 2): by its series below a + 1, by Lentz's
    continued fraction above. Agrees with scipy.stats.chi2.sf to 1e-12. Source: Press et al., Numerical Recipes, §6.2.
    """
    if degrees <= 0 or value <= 0:
        return 1.0
    a, x = degrees / 2, value / 2
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    return _by_series(a, x, scale) if x < a + 1 else _by_fraction(a, x, scale)


def chi_square_limit(probability: float, degrees: int) -> float:
    """The value that χ²(degrees) stays below with `probability` (in (0, 1)); 0 for no degrees of freedom.

    By bisection of `chi_square_tail` between 0 and a bound that doubles until it is above. To 1e-12, relatively.
    """
    if degrees <= 0:
        return 0.0
    low, high = 0.0, float(degrees)
    while chi_square_tail(high, degrees) > 1 - probability:
        low, high = high, high * 2
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        low, high = (middle, high) if chi_square_tail(middle, degrees) > 1 - probability else (low, middle)
    return (low + high) / 2


def kolmogorov_tail(value: float) -> float:
    """P(K ≥ value) of Kolmogorov's distribution: 2 Σ (−1)^(k−1) exp(−2 k² value²), k = 1, 2, …; in [0, 1].

    Below 1.18 the equal series √(2π)/value · Σ exp(−(2k−1)²π²/8value²) converges faster, and is taken from 1. Agrees
    with scipy.special.kolmogorov to 1e-12. Source: Marsaglia, Tsang and Wang (2003), J. Stat. Software 8(18).
    """
    if value <= 0.04:
        return 1.0
    if value < 1.18:
        terms = (math.exp(-(((2 * k - 1) * math.pi / value) ** 2) / 8) for k in range(1, 5))
        return min(1.0, 1 - math.sqrt(2 * math.pi) / value * sum(terms))
    return min(1.0, 2 * sum((-1) ** (k - 1) * math.exp(-2 * (k * value) ** 2) for k in range(1, 8)))


def normal_tail(value: float) -> float:
    """P(|Z| ≥ |value|) for Z ~ N(0, 1), of both sides."""
    return math.erfc(abs(value) / math.sqrt(2))


def log_normal_below(value: float) -> float:
    """The logarithm of P(Z ≤ value) for Z ~ N(0, 1), also where the probability itself is no float any more.

    By the asymptotic series below −20. Agrees with scipy.special.log_ndtr to 1e-12, relatively where it is less
    than −1. Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.12.
    """
    if value > -20:
        return math.log(math.erfc(-value / math.sqrt(2)) / 2)
    square = value * value
    series = (-1 + (3 + (-15 + 105 / square) / square) / square) / square
    return math.log1p(series) - square / 2 - math.log(-value * math.sqrt(2 * math.pi))


def normal_limit(confidence: float) -> float:
    """The z for which P(|Z| < z) = confidence (in (0, 1)): 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def significant(p_values: list[float], rate: float) -> list[bool]:
    """Which of the findings stand when at most `rate` of those that stand may be due to chance.

    Benjamini–Hochberg: the k smallest, for the largest k with p₍k₎ ≤ k · rate / m. Source: Benjamini and Hochberg
    (1995), J. R. Stat. Soc. B 57, 289–300.
    """
    count = len(p_values)
    passing = [p for rank, p in enumerate(sorted(p_values), 1) if p <= rank * rate / count]
    limit = max(passing, default=-1.0)
    return [p <= limit for p in p_values]


def _by_series(a: float, x: float, scale: float) -> float:
    term = total = 1 / a
    for step in range(1, LONGEST):
        term *= x / (a + step)
        total += term
        if term < total * 1e-17:
            break
    return min(1.0, max(0.0, 1 - scale * total))


def _by_fraction(a: float, x: float, scale: float) -> float:
    b = x + 1 - a
    c, d = 1 / TINY, 1 / b
    fraction = d
    for step in range(1, LONGEST):
        numerator = -step * (step - a)
        b += 2
        d = 1 / _not_zero(numerator * d + b)
        c = _not_zero(b + numerator / c)
        fraction *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return min(1.0, max(0.0, scale * fraction))


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
