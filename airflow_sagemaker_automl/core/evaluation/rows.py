"""The labelled rows that models are compared on, and what a model predicted for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.signedinteger[Any]]
# Code of a predicted label that is not one of the classes.
NO_CLASS = -1


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is known of the rows.

    :param values: the class of each row as its place in ``classes``; for a regression, the number.
    :param classes: names of the classes; empty for a regression.
    :param positive: place of the positive class in ``classes``; None unless there are two classes.
    :param weights: weight of each row. Default: all are equal.
    """

    values: NDArray[Any]
    classes: tuple[str, ...] = ()
    positive: int | None = None
    weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def weight(self) -> Floats:
        """Weight of each row."""
        return np.ones(len(self)) if self.weights is None else self.weights

    @property
    def present(self) -> list[int]:
        """The classes that rows have."""
        return [int(code) for code in np.unique(self.values)]

    def at(self, chosen: NDArray[Any]) -> Truth:
        """Return some of the rows.

        :param chosen: a mask, or places.
        """
        weights = None if self.weights is None else self.weights[chosen]
        return replace(self, values=self.values[chosen], weights=weights)


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What a model predicted for the rows.

    :param values: the predicted class of each row as its place in the truth's classes, or ``NO_CLASS``; for a
        regression, the number.
    :param probabilities: probability of each class (rows × classes). Default: the model gives none.
    """

    values: NDArray[Any]
    probabilities: NDArray[np.floating[Any]] | None = None

    def at(self, chosen: NDArray[Any]) -> Predicted:
        """Return the predictions of some of the rows.

        :param chosen: a mask, or places.
        """
        probabilities = None if self.probabilities is None else self.probabilities[chosen]
        return Predicted(values=self.values[chosen], probabilities=probabilities)
