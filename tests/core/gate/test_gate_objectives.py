"""Which metric is compared, in which direction, for all spellings of candidate and champion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_sagemaker_automl import BetterThanChampion, InvalidQualityGate, QualityGate, Threshold
from airflow_sagemaker_automl.core.gate.quality_gate import Champion
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.registry.champion import read_champion
from tests.core.gate.test_quality_gate import ARN, OWN_ROWS, candidate, champion, job, judge, only
from tests.core.registry.test_champion import METADATA, evaluation, version


def tuned(name: str, value: float, **more: Any) -> Candidate:
    """Make a candidate that names its objective as a tuning job does, and has no other metric."""
    answer = {"MetricName": name, "Value": value, **more}
    return candidate(FinalAutoMLJobObjectiveMetric=answer, CandidateProperties={})


def test_a_larger_error_never_beats_a_smaller_one() -> None:
    """A candidate with an MSE of 25 is worse than a champion with 4, for all spellings of the metric."""
    gate = QualityGate(champion=BetterThanChampion())
    for ours in ("validation:mse", "MSE"):
        for theirs in ("validation:mse", "MSE"):
            for direction in ({}, {"objective_type": "Minimize"}):
                metadata = {"objective_metric": theirs, "objective_value": "4.0", **direction}
                recorded = read_champion(version(CustomerMetadataProperties=metadata))
                ruling = only(gate.judge(job(), tuned(ours, 25), recorded))
                assert (ruling.passed, ruling.reason) == (False, f"25 > champion 4 (version 3): worse by 21{OWN_ROWS}")


@pytest.mark.parametrize("theirs", ["validation:f1_binary", "validation:binary_f_beta", "F1"])
@pytest.mark.parametrize("ours", ["validation:f1_binary", "validation:binary_f_beta", "F1"])
def test_two_spellings_of_one_metric_compare(ours: str, theirs: str) -> None:
    """The algorithms of a tuning job use different names for one objective."""
    metadata = {"objective_metric": theirs, "objective_value": "0.8"}
    recorded = read_champion(version(CustomerMetadataProperties=metadata))
    ruling = only(QualityGate(champion=BetterThanChampion()).judge(job(), tuned(ours, 0.9), recorded))
    assert (ruling.passed, ruling.reason) == (True, f"0.9 > champion 0.8 (version 3): better by 0.1{OWN_ROWS}")
    limit = QualityGate(thresholds=[Threshold(metric="F1", minimum=0.85)])
    assert limit.judge(job(), tuned(ours, 0.9), None).approved


def test_a_direction_that_is_not_known_is_not_guessed() -> None:
    """The comparison fails the task, or rejects if the gate says so; the gate can set the direction."""
    unknown, name = tuned("validation:calibration", 0.9), "validation:calibration"
    against = Champion(model_package_arn=ARN, objective=name, figures={"Validation": {name: 0.8}})
    with pytest.raises(InvalidQualityGate) as failed:
        QualityGate(champion=BetterThanChampion()).judge(job(), unknown, against)
    assert str(failed.value) == (
        "The quality gate cannot be evaluated: champion.direction is required to compare candidate best of AutoML job "
        "job: it is unknown whether higher or lower values of validation:calibration are better"
    )
    rejecting = QualityGate(champion=BetterThanChampion(), on_missing_figure="reject")
    ruling = only(rejecting.judge(job(), unknown, against))
    assert not ruling.passed
    assert ruling.reason == "it is unknown whether higher or lower values of validation:calibration are better"
    for direction, passed in (("Maximize", True), ("Minimize", False)):
        gate = QualityGate(champion=BetterThanChampion(direction=direction))
        assert only(gate.judge(job(), unknown, against)).passed is passed


def test_figures_are_compared_in_one_direction_only() -> None:
    """A champion that was ranked in the other direction was ranked by another metric."""
    backwards = replace(champion(), objective_type="Minimize")
    ruling = only(judge(QualityGate(champion=BetterThanChampion()), backwards))
    assert not ruling.passed
    assert ruling.reason == "the champion was ranked by F1 in the other direction, Minimize"
    with pytest.raises(InvalidQualityGate, match="direction = 'Minimize' must be 'Maximize', which is"):
        judge(QualityGate(champion=BetterThanChampion(direction="Minimize")), champion())


def test_a_champion_whose_card_says_otherwise_than_its_metadata() -> None:
    """The metadata takes precedence, and the reason has both values."""
    card = {"evaluation_details": [evaluation(F1=0.1)]}
    edited = read_champion(version(card, CustomerMetadataProperties={**METADATA, "objective_value": "0.9"}))
    ruling = only(judge(QualityGate(champion=BetterThanChampion()), edited, f1=0.75))
    assert (ruling.passed, ruling.limit) == (False, 0.9)
    assert ruling.reason == (
        "0.75 < champion 0.9 (version 3): worse by 0.15; this is the value in the champion's metadata (0.9), but its "
        f"model card says 0.1{OWN_ROWS}"
    )
