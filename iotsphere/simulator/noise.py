"""Randomness that can be asked about any moment, in any order, and always answers the same."""

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Noise:
    """The chance in one device's life. Two devices of different names have nothing in common."""

    def __init__(self, name: str) -> None:
        self.name = name

    def seed(self, aspect: str) -> int:
        """A 63-bit number for one aspect (`"weather"`, `"pressure"`), stable across runs and machines."""
        digest = hashlib.blake2b(f"{self.name}/{aspect}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) >> 1

    def uniform(self, aspect: str, index: ArrayLike) -> Floats:
        """One number in [0, 1) for each integer index."""
        mixed = _mix(np.asarray(index, dtype=np.int64).astype(np.uint64) ^ np.uint64(self.seed(aspect)))
        return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def white(self, aspect: str, seconds: ArrayLike) -> Floats:
        """Independent standard normal noise for each millisecond (Box-Muller transform)."""
        tick = np.round(np.asarray(seconds, dtype=np.float64) * 1000).astype(np.int64)
        radius = np.sqrt(-2 * np.log1p(-self.uniform(aspect + "/radius", tick)))
        return radius * np.cos(2 * np.pi * self.uniform(aspect + "/angle", tick))

    def drift(self, aspect: str, seconds: ArrayLike, period: float) -> Floats:
        """A smooth wander in [-1, 1] that forgets where it was after about `period` seconds.

        Value noise: a random height at every multiple of the period, joined by 3x² - 2x³ (no kink at the joints).
        """
        position = np.asarray(seconds, dtype=np.float64) / period
        left = np.floor(position)
        x = position - left
        index = left.astype(np.int64)
        low, high = self.uniform(aspect, index), self.uniform(aspect, index + 1)
        return 2 * (low + (high - low) * x * x * (3 - 2 * x)) - 1


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014)."""
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is the point
        x = x * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
