"""A model of hyperparameter tuning mode: the transformer of its features, and the estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass
class TunedModel:
    """A chain of transformer, model and labels; see :class:`scoring.FittedModel`.

    :param algorithm: as in ``AutoMLAlgorithms`` of the API.
    """

    name: str
    algorithm: str
    problem_type: str
    label: str
    features: list[str]
    classes: list[Any]
    transformer: Any
    estimator: Any

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        transformed = self.transformer.transform(rows[self.features])
        if self.problem_type == "Regression":
            return np.asarray(self.estimator.predict(transformed), dtype=float)
        return np.asarray(self.estimator.predict_proba(transformed), dtype=float)
