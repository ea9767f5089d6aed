"""A gate holds a candidate against every rule, and says each with its numbers."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.job import AutoMLJob
from airflow_sagemaker_automl.core.quality_gate import (
    BetterThanChampion,
    Champion,
    QualityGate,
    Ruling,
    Threshold,
    Verdict,
)
from tests.core.card.cards import build
from tests.core.test_candidate import described as candidate_described
from tests.core.test_candidate import objective
from tests.core.test_job import described as job_described

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3"
F1_BETTER = "it is 0.9, the champion's 0.88: better by 0.02"
LOSS_BETTER = "it is 0.2, the champion's 0.25: better by 0.05"
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


def job(*failures: str) -> AutoMLJob:
    """Make a job that has ended, some of its parts failed."""
    reasons = [{"PartialFailureMessage": failure} for failure in failures]
    return AutoMLJob.from_api(job_described(AutoMLJobStatus="Completed", PartialFailureReasons=reasons))


def candidate(f1: float = 0.9, **members: Any) -> Candidate:
    """Make a candidate that was ranked by F1, with three figures."""
    metrics = [
        {"StandardMetricName": name, "Value": value, "Set": data_set}
        for name, value, data_set in (("F1", f1, "Validation"), ("LogLoss", 0.2, "Validation"), ("F1", 0.8, "Test"))
    ]
    properties = {"CandidateProperties": {"CandidateMetrics": metrics}}
    return Candidate.from_api(candidate_described("best", **{**properties, **objective(f1), **members}))


def champion(f1: float | None = 0.88, metric: str = "F1") -> Champion:
    """Make a champion with a figure on validation data."""
    figures = {"Validation": {"F1": f1, "LogLoss": 0.25}} if f1 is not None else {}
    return Champion(
        model_package_arn=ARN,
        objective=metric,
        figures=figures,
    )


def judge(
    gate: QualityGate, against: Champion | None = None, *, f1: float = 0.9, failures: tuple[str, ...] = ()
) -> Verdict:
    """Judge a candidate."""
    return gate.judge(job(*failures), candidate(f1), against)


def only(verdict: Verdict) -> Ruling:
    """Give the one rule of a verdict, which decides it."""
    (rule,) = verdict.rules
    assert verdict.approved == rule.passed
    return rule


@pytest.mark.parametrize(
    ("threshold", "passed", "name", "reason"),
    [
        (Threshold(metric="F1", minimum=0.9), True, "F1 on validation data at least 0.9", "it is 0.9"),
        (Threshold(metric="F1", minimum=0.91), False, "F1 on validation data at least 0.91", "it is 0.9"),
        (Threshold(metric="LogLoss", maximum=0.2), True, "LogLoss on validation data at most 0.2", "it is 0.2"),
        (Threshold(metric="LogLoss", maximum=0.1), False, "LogLoss on validation data at most 0.1", "it is 0.2"),
        (Threshold(metric="F1", minimum=0.75, data_set="Test"), True, "F1 on test data at least 0.75", "it is 0.8"),
        (
            Threshold(metric="AUC", minimum=0.5),
            False,
            "AUC on validation data at least 0.5",
            "the candidate has no such figure; it has F1, LogLoss",
        ),
    ],
)
def test_a_figure_is_held_against_its_threshold(threshold: Threshold, passed: bool, name: str, reason: str) -> None:
    """A figure that is missing keeps no threshold."""
    rule = only(judge(QualityGate(thresholds=[threshold])))
    assert (rule.passed, rule.name, rule.reason) == (passed, name, reason)


def test_both_limits_are_two_rules() -> None:
    """Each is said, and both are needed."""
    verdict = judge(QualityGate(thresholds=[Threshold(metric="F1", minimum=0.5, maximum=0.85)]))
    assert [rule.passed for rule in verdict.rules] == [True, False]
    assert not verdict.approved
    assert str(verdict).splitlines()[0] == "Rejected: 1 of 2 rules are kept"


@pytest.mark.parametrize(
    ("rule", "f1", "passed", "reason"),
    [
        (BetterThanChampion(), 0.88, True, "it is 0.88, and so is the champion's"),
        (BetterThanChampion(), 0.87, False, "it is 0.87, the champion's 0.88: worse by 0.01"),
        (BetterThanChampion(margin=0.02), 0.9, True, F1_BETTER),
        (BetterThanChampion(margin=0.03), 0.9, False, F1_BETTER),
        (
            BetterThanChampion(margin=0.02, is_relative=True),
            0.9,
            True,
            F1_BETTER,
        ),
        (
            BetterThanChampion(margin=0.03, is_relative=True),
            0.9,
            False,
            F1_BETTER,
        ),
        (
            BetterThanChampion(metric="LogLoss", margin=0.05),
            0.9,
            True,
            LOSS_BETTER,
        ),
        (
            BetterThanChampion(metric="LogLoss", margin=0.06),
            0.9,
            False,
            LOSS_BETTER,
        ),
    ],
)
def test_a_challenger_has_to_beat_the_champion(rule: BetterThanChampion, f1: float, passed: bool, reason: str) -> None:
    """By an absolute or a relative margin, in the direction in which the metric is better."""
    ruling = only(judge(QualityGate(champion=rule), champion(), f1=f1))
    assert (ruling.passed, ruling.reason) == (passed, reason)
    assert ruling.limit is not None


@pytest.mark.parametrize("policy", ["pass", "fail"])
def test_what_cannot_be_compared_follows_its_policy(policy: Any) -> None:
    """No champion, one without the figure, one that was ranked by something else: the reason names it."""
    passed = policy == "pass"
    first = only(judge(QualityGate(champion=BetterThanChampion(without_champion=policy))))
    assert (first.passed, first.reason) == (passed, "the group has no approved version to beat")
    bare = only(judge(QualityGate(champion=BetterThanChampion(without_figure=policy)), champion(None)))
    assert (bare.passed, bare.reason) == (passed, "no such figure of the champion is known")
    other = only(judge(QualityGate(champion=BetterThanChampion(other_objective=policy)), champion(metric="AUC")))
    assert (other.passed, other.reason) == (passed, "the champion was ranked by AUC")


def test_a_metric_that_is_named_is_compared_whatever_the_champion_was_ranked_by() -> None:
    """Then the objective has no say."""
    rule = BetterThanChampion(metric="F1")
    assert only(judge(QualityGate(champion=rule), champion(metric="AUC"))).passed


def test_failed_parts_of_the_job_can_be_limited() -> None:
    """The reason names them."""
    ruling = only(judge(QualityGate(most_partial_failures=0), failures=("no explanations",)))
    assert (ruling.passed, ruling.value, ruling.reason) == (False, 1.0, "1 failed: no explanations")
    assert judge(QualityGate(most_partial_failures=1), failures=("no explanations",)).approved


def test_a_verdict_is_json_and_goes_onto_the_card() -> None:
    """The register operator takes it as it is."""
    gate = QualityGate(thresholds=[Threshold(metric="F1", minimum=0.95)], champion=BetterThanChampion())
    verdict = judge(gate, champion())
    document = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert document["approved"] is False
    assert document["champion"] == ARN
    assert [rule["passed"] for rule in document["rules"]] == [False, True]
    evaluations = {item["name"]: item for item in build(verdict=document)["evaluation_details"]}
    named = json.dumps(evaluations["Quality gate"])
    assert all(rule["name"][:50] in named for rule in document["rules"])


@given(challenger=FINITE, best=FINITE)
def test_of_two_that_differ_exactly_one_is_better(challenger: float, best: float) -> None:
    """Whichever way round they are compared, with a margin of 0, and a tie lets both pass."""
    gate = QualityGate(champion=BetterThanChampion())
    there = judge(gate, champion(best), f1=challenger).approved
    back = judge(gate, champion(challenger), f1=best).approved
    assert there or back
    if not math.isclose(challenger, best, rel_tol=1e-8, abs_tol=1e-8):
        assert there != back
        assert there == (challenger > best)
