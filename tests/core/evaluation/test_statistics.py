"""The model quality report has the service's form, and the card reads all of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as known

from airflow_sagemaker_automl.core.card.metrics import read_statistics
from airflow_sagemaker_automl.core.evaluation.comparison import Comparison
from airflow_sagemaker_automl.core.evaluation.metrics import measurable
from airflow_sagemaker_automl.core.evaluation.rows import NO_CLASS, Predicted, Truth
from airflow_sagemaker_automl.core.evaluation.statistics import calibration, model_quality

_ROWS = 3000


def _binary() -> tuple[Truth, Predicted]:
    random = np.random.default_rng(1)
    chance = random.beta(2, 2, _ROWS)
    truth = Truth(values=(random.uniform(size=_ROWS) < chance).astype(int), classes=("no", "yes"), positive=1)
    return truth, Predicted(values=(chance > 0.5).astype(int), probabilities=np.column_stack([1 - chance, chance]))


@pytest.mark.parametrize("kind", ["BinaryClassification", "MulticlassClassification", "Regression"])
def test_the_card_reads_all_of_the_report(kind: str) -> None:
    """Nothing is of an unknown form, and the report is JSON; long curves are thinned."""
    truth, predicted = _binary()
    if kind == "MulticlassClassification":
        truth = Truth(values=truth.values, classes=("a", "b", "c"))
        predicted = Predicted(values=np.where(predicted.values == 1, NO_CLASS, 0))
    elif kind == "Regression":
        truth, predicted = Truth(values=np.arange(10.0)), Predicted(values=np.arange(10.0) + 1)
    results = Comparison(truth=truth, candidate=predicted).measured(
        measurable(kind, has_probabilities=predicted.probabilities is not None)
    )
    found = json.loads(json.dumps(model_quality(truth, predicted, results)))
    reading = read_statistics(found)
    assert reading.unknown == []
    assert [group["name"] for group in reading.groups][-1] == "dataset"
    if kind == "BinaryClassification":
        section = found["binary_classification_metrics"]
        curve = section["receiver_operating_characteristic_curve"]
        points = curve["false_positive_rates"], curve["true_positive_rates"]
        assert len(points[0]) == len(points[1]) <= 1000
        assert known.auc(*points) == pytest.approx(section["auc"]["value"], abs=1e-3)
        assert sum(sum(row.values()) for row in section["confusion_matrix"].values()) == _ROWS


def test_a_calibrated_model_is_said_to_be_one() -> None:
    """In each bin the label is as frequent as predicted; an overconfident model is not calibrated."""
    truth, predicted = _binary()
    found = calibration(truth, predicted)
    assert found is not None
    assert predicted.probabilities is not None
    assert found["brier_score"] == pytest.approx(known.brier_score_loss(truth.values, predicted.probabilities[:, 1]))
    assert sum(each["rows"] for each in found["bins"]) == _ROWS
    assert all(each["predicted"] == pytest.approx(each["observed"], abs=0.1) for each in found["bins"])
    sure = Predicted(values=predicted.values, probabilities=np.eye(2)[predicted.values])
    overconfident = calibration(truth, sure)
    assert overconfident is not None
    assert overconfident["brier_score"] > found["brier_score"]


def test_without_probabilities_nothing_is_calibrated() -> None:
    """Nor are numbers."""
    truth, predicted = _binary()
    assert calibration(truth, Predicted(values=predicted.values)) is None
    assert calibration(Truth(values=np.arange(3.0)), Predicted(values=np.arange(3.0))) is None
