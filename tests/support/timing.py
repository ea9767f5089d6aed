"""Other times than those of production, until a test ends."""

from __future__ import annotations

from typing import Protocol


class SetTiming(Protocol):
    """Sets fields of :class:`~airflow_sagemaker_automl.core.values.timing.Timing`."""

    def __call__(self, **seconds: float) -> object:
        """Set times in seconds."""
