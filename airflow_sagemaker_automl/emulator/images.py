"""Which containers the emulator can run: those whose images its trainers name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Containers = Sequence[Mapping[str, Any]]

FORECAST_IMAGE = "automl-emulator:time-series"
# Prefix of the images for tabular and text models.
_ROWS_IMAGE = "automl-emulator:autogluon-"


def predicts_rows(containers: Containers) -> bool:
    """Whether all containers are of a tabular or text model, which predicts each row by itself."""
    names = _names(containers)
    return bool(names) and all(name.startswith(_ROWS_IMAGE) for name in names)


def forecasts(containers: Containers) -> bool:
    """Whether the one container is of a forecast model, which needs the past of its series."""
    return _names(containers) == [FORECAST_IMAGE]


def _names(containers: Containers) -> list[str]:
    return [str(container.get("Image", "")).rpartition("/")[2] for container in containers]
