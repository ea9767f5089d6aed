"""Forecast frequencies: steps of some minutes, hours, days, weeks or months, or of a year."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

# numpy's units; numpy's weeks begin on Thursday, so weeks are counted in days.
_UNITS = {"Y": "Y", "M": "M", "W": "D", "D": "D", "H": "h", "min": "m"}
_MONDAY = 3  # The epoch's Thursday is three days into its week.
# Lengths of the cycles that data of this unit may follow, in units, the longest first.
_CYCLES = {"Y": (), "M": (12,), "W": (52,), "D": (7,), "H": (24,), "min": (1440, 60)}


@dataclass(frozen=True)
class Frequency:
    """A time step.

    :param count: number of units per step.
    :param unit: ``Y``, ``M``, ``W``, ``D``, ``H`` or ``min``.
    """

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """Read ``ForecastFrequency``, whose pattern the service has checked; a letter without a number means one."""
        found = re.fullmatch(r"(\d*)(Y|M|W|D|H|min)", text)
        if found is None:
            raise ValueError(f"{text!r} is not a forecast frequency")
        return cls(int(found[1] or 1), found[2])

    def steps(self, timestamps: pd.Series) -> np.ndarray:
        """Number the steps of the timestamps, counted from the first one; weeks begin on Monday."""
        units = self._units(timestamps)
        return (units - self._anchor(units)) // self.count

    def moments(self, timestamps: pd.Series, steps: np.ndarray) -> pd.DatetimeIndex:
        """Find the start times of steps.

        :param timestamps: the timestamps that the steps are counted from.
        """
        units = self._anchor(self._units(timestamps)) + np.asarray(steps) * self.count
        if self.unit == "W":
            units = units * 7 - _MONDAY
        return pd.DatetimeIndex(units.astype(f"datetime64[{_UNITS[self.unit]}]").astype("datetime64[s]"))

    def season(self, length: int, longest: int | None = None) -> int:
        """Find the longest cycle, in steps, that a history contains twice.

        :param length: steps of the history.
        :param longest: the longest cycle to consider; None for no limit.
        :return: 1 if there is no cycle.
        """
        cycles = [cycle // self.count for cycle in _CYCLES[self.unit] if cycle % self.count == 0]
        usable = [cycle for cycle in cycles if 2 * cycle <= length and (longest is None or cycle <= longest)]
        return max(usable, default=1)

    def _units(self, timestamps: pd.Series) -> np.ndarray:
        units = timestamps.to_numpy().astype(f"datetime64[{_UNITS[self.unit]}]").astype(np.int64)
        return np.asarray((units + _MONDAY) // 7 if self.unit == "W" else units)

    def _anchor(self, units: np.ndarray) -> int:
        first = int(units.min())
        # Steps of hours and minutes are aligned to the clock, longer ones to the start of the data.
        return first // self.count * self.count if self.unit in ("H", "min") else first
