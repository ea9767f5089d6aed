"""The difference of two models on the same rows, and the standard error of a metric."""

from __future__ import annotations

import math

import numpy as np

from airflow_sagemaker_automl.core.evaluation.metrics import Estimate
from airflow_sagemaker_automl.core.evaluation.record import PairedDifference
from airflow_sagemaker_automl.core.evaluation.rows import Codes, Floats
from airflow_sagemaker_automl.core.values.metric_names import MINIMIZE, read_metric


def paired_difference(
    metric: str, candidate: Estimate, champion: Estimate, clusters: Codes | None = None
) -> PairedDifference:
    """Compare two models on the same rows.

    :param metric: SageMaker's name.
    :param clusters: number of each row's cluster, whose rows are not independent. Default: all rows are independent.
    """
    sign = -1.0 if read_metric(metric).direction == MINIMIZE else 1.0
    influence = sign * (candidate.influence - champion.influence)
    return PairedDifference(
        improvement=sign * (candidate.value - champion.value),
        standard_error=standard_error(influence, clusters),
        units=independent_units(len(influence), clusters),
        method=candidate.method if clusters is None else f"{candidate.method}, clusters",
    )


def standard_error(influence: Floats, clusters: Codes | None = None) -> float:
    """Compute the standard error of a metric, or of a difference, from the influences of the rows.

    :param clusters: number of each row's cluster, whose rows are not independent. Default: all rows are independent.
    :return: infinite if there are no two independent units.
    """
    summed = influence if clusters is None else np.bincount(clusters, weights=influence)
    units = independent_units(len(influence), clusters)
    if units < 2:
        return math.inf
    return math.sqrt(float(summed @ summed) * units / (units - 1)) / len(influence)


def independent_units(rows: int, clusters: Codes | None) -> int:
    """Count the rows, or the clusters of rows."""
    return rows if clusters is None else len(np.unique(clusters))
