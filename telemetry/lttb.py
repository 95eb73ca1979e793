"""Largest Triangle Three Buckets: the few points of a line that show its shape best (Steinarsson, 2013). Pure."""

from collections.abc import Iterator, Sequence

import numpy as np


def pick(times: Sequence[float], values: Sequence[float], count: int) -> Iterator[tuple[int, float, float]]:
    """The places of `count` of these points (of all, if there are no more), with the lowest and the highest value
    among those that each stands for. The first and the last point are always picked.
    """
    if len(values) <= count:
        yield from ((place, value, value) for place, value in enumerate(values))
        return
    time, value = np.asarray(times) - times[0], np.asarray(values, dtype=float)
    last = len(values) - 1
    height = value / (np.abs(value).max() or 1.0)  # areas must not overflow
    edges = np.linspace(1, last, count - 1).astype(int)
    starts, sizes = edges[:-1], np.diff(edges)
    following_time = [*(np.add.reduceat(time[:last], starts) / sizes)[1:], time[last]]
    following_height = [*(np.add.reduceat(height[:last], starts) / sizes)[1:], height[last]]
    lowest, highest = np.minimum.reduceat(value[:last], starts), np.maximum.reduceat(value[:last], starts)
    former = 0
    yield 0, values[0], values[0]
    for bucket, (start, end) in enumerate(zip(starts, edges[1:], strict=True)):
        area = np.abs(
            (time[former] - following_time[bucket]) * (height[start:end] - height[former])
            - (time[former] - time[start:end]) * (following_height[bucket] - height[former])
        )
        former = start + int(area.argmax())
        yield int(former), float(lowest[bucket]), float(highest[bucket])
    yield last, values[last], values[last]
