"""Fewer points for a curve that keeps its look: the algorithm of Visvalingam and Whyatt.

Again and again the point goes that spans the smallest triangle with its neighbours. Each step so changes the area
under the curve, which is what ROC and precision-recall curves are read for, as little as one point can.
Source: https://doi.org/10.1179/000870493786962263
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

Point = Sequence[float]


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """Keep so many points of a curve, in their order.

    :param points: pairs of finite numbers.
    :param most: at least 6; the ends and the points where x and y are smallest and largest always stay.
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
    """Points on a scale of their own, each of which knows its neighbours that are left."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._x, self._y = (_scaled([point[axis] for point in points]) for axis in (0, 1))
        self._before = list(range(-1, len(points) - 1))
        self._after = list(range(1, len(points) + 1))
        places = range(len(points))
        self.fixed = {0, len(points) - 1} | {
            extreme(places, key=axis.__getitem__) for axis in (self._x, self._y) for extreme in (min, max)
        }

    def area(self, place: int) -> float:
        """Measure the triangle that a point spans with its neighbours, doubled."""
        before, after = self._before[place], self._after[place]
        x, y = self._x[place], self._y[place]
        return abs((self._x[before] - x) * (self._y[after] - y) - (self._x[after] - x) * (self._y[before] - y))

    def remove(self, place: int) -> tuple[int, int]:
        """Take a point out and name its neighbours."""
        before, after = self._before[place], self._after[place]
        self._after[before], self._before[after] = after, before
        return before, after


def _scaled(values: Sequence[float]) -> list[float]:
    """Bring an axis to the range of 0 to 1, where neither area nor axis can overflow or outweigh the other."""
    reach = max(map(abs, values)) or 1
    shares = [value / reach for value in values]
    low, high = min(shares), max(shares)
    return [(share - low) / ((high - low) or 1) for share in shares]
