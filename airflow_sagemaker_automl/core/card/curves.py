"""Simplifies curves by the algorithm of Visvalingam and Whyatt.

It repeatedly removes the point that forms the smallest triangle with its neighbours. Each step therefore changes the
area under the curve, which matters for ROC and precision-recall curves, as little as possible.
Source: https://doi.org/10.1179/000870493786962263
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

Point = Sequence[float]


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """Reduce a curve to a number of points, in their order.

    :param points: pairs of finite numbers.
    :param most: number of points to keep, at least 6; the ends and the extremes of x and y are always kept.
    """
    excess = len(points) - most
    if excess <= 0:
        return list(points)
    curve = _Curve(points)
    heap = [(curve.area(place), place) for place in range(len(points)) if place not in curve.fixed]
    heapq.heapify(heap)
    latest = {place: area for area, place in heap}
    while excess:
        area, place = heapq.heappop(heap)
        if latest.get(place) != area:
            continue
        del latest[place]
        excess -= 1
        for neighbour in curve.remove(place):
            if neighbour in latest:
                latest[neighbour] = curve.area(neighbour)
                heapq.heappush(heap, (latest[neighbour], neighbour))
    return [point for place, point in enumerate(points) if place in latest or place in curve.fixed]


class _Curve:
    """Normalised points, each linked to its remaining neighbours."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._x, self._y = (_scaled([point[axis] for point in points]) for axis in (0, 1))
        self._before = list(range(-1, len(points) - 1))
        self._after = list(range(1, len(points) + 1))
        places = range(len(points))
        self.fixed = {0, len(points) - 1} | {
            extreme(places, key=axis.__getitem__) for axis in (self._x, self._y) for extreme in (min, max)
        }

    def area(self, place: int) -> float:
        """Compute twice the area of the triangle of a point and its neighbours."""
        before, after = self._before[place], self._after[place]
        x, y = self._x[place], self._y[place]
        return abs((self._x[before] - x) * (self._y[after] - y) - (self._x[after] - x) * (self._y[before] - y))

    def remove(self, place: int) -> tuple[int, int]:
        """Remove a point and return its neighbours."""
        before, after = self._before[place], self._after[place]
        self._after[before], self._before[after] = after, before
        return before, after


def _scaled(values: Sequence[float]) -> list[float]:
    """Scale an axis to 0 to 1, so that both axes have the same weight and areas cannot overflow."""
    reach = max(map(abs, values)) or 1
    shares = [value / reach for value in values]
    low, high = min(shares), max(shares)
    return [(share - low) / ((high - low) or 1) for share in shares]
