"""A gate compares a candidate with every rule, and reports each with its numbers."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl import BetterThanChampion, InvalidQualityGate, QualityGate, Threshold
from airflow_sagemaker_automl.core.gate.quality_gate import Champion, Ruling, Verdict
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from tests.core.jobs.test_candidate import described as candidate_described, objective
from tests.core.jobs.test_job import described as job_described
from tests.support.cards import build

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3"
F1_BETTER = "0.9 > champion 0.88 (version 3): better by 0.02"
LOSS_BETTER = "0.2 < champion 0.25 (version 3): better by 0.05"
OWN_ROWS = "; each figure is from its own job's data"
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


def job(*failures: str) -> AutoMLJob:
    """Make a job that has ended, with some failed parts."""
    reasons = [{"PartialFailureMessage": failure} for failure in failures]
    return AutoMLJob.from_api(job_described(AutoMLJobStatus="Completed", PartialFailureReasons=reasons))


def candidate(f1: float = 0.9, **members: Any) -> Candidate:
    """Make a candidate that was ranked by F1, with three metrics."""
    metrics = [
        {"StandardMetricName": name, "Value": value, "Set": data_set}
        for name, value, data_set in (("F1", f1, "Validation"), ("LogLoss", 0.2, "Validation"), ("F1", 0.8, "Test"))
    ]
    properties = {"CandidateProperties": {"CandidateMetrics": metrics}}
    return Candidate.from_api(candidate_described("best", **{**properties, **objective(f1), **members}))


def champion(f1: float | None = 0.88, metric: str = "F1") -> Champion:
    """Make a champion with a metric on validation data."""
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
    """Return the only rule of a verdict, which decides it."""
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
    ],
)
def test_a_figure_is_held_against_its_threshold(threshold: Threshold, passed: bool, name: str, reason: str) -> None:
    """The ruling has the limit and the metric value."""
    rule = only(judge(QualityGate(thresholds=[threshold])))
    assert (rule.passed, rule.name, rule.reason) == (passed, name, reason)


def test_both_limits_are_two_rules() -> None:
    """Both are reported and both must be satisfied."""
    verdict = judge(QualityGate(thresholds=[Threshold(metric="F1", minimum=0.5, maximum=0.85, against_direction=True)]))
    assert [rule.passed for rule in verdict.rules] == [True, False]
    assert not verdict.approved
    assert str(verdict).splitlines()[0] == "Rejected: F1 (validation) 0.9 > 0.85; 1 of 2 rules passed"


@pytest.mark.parametrize(
    ("rule", "f1", "passed", "reason"),
    [
        (BetterThanChampion(), 0.88, True, "0.88 = champion 0.88 (version 3)"),
        (BetterThanChampion(), 0.87, False, "0.87 < champion 0.88 (version 3): worse by 0.01"),
        (BetterThanChampion(margin=0.02), 0.9, True, F1_BETTER),
        (BetterThanChampion(margin=0.03), 0.9, False, f"{F1_BETTER}, less than 0.03"),
        (BetterThanChampion(margin=0.01), 0.88, False, "0.88 = champion 0.88 (version 3): not better by 0.01"),
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
            f"{F1_BETTER}, less than 0.0264",
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
            f"{LOSS_BETTER}, less than 0.06",
        ),
    ],
)
def test_a_challenger_has_to_beat_the_champion(rule: BetterThanChampion, f1: float, passed: bool, reason: str) -> None:
    """By an absolute or a relative margin, in the metric's direction."""
    ruling = only(judge(QualityGate(champion=rule), champion(), f1=f1))
    assert (ruling.passed, ruling.reason) == (passed, reason + OWN_ROWS)
    assert ruling.limit is not None


@pytest.mark.parametrize("follows", ["pass", "reject"])
def test_what_cannot_be_compared_follows_its_option(follows: Any) -> None:
    """No champion, a champion without the metric, or one ranked by another metric: the reason names it."""
    passed = follows == "pass"
    first = only(judge(QualityGate(champion=BetterThanChampion(without_champion=follows))))
    assert (first.passed, first.reason) == (passed, "the group has no approved version to beat")
    gate = QualityGate(champion=BetterThanChampion(on_missing_champion_figure=follows))
    bare = only(judge(gate, champion(None)))
    assert (bare.passed, bare.reason) == (passed, "the champion has no such metric; it has no metrics")
    gate = QualityGate(champion=BetterThanChampion(on_other_objective=follows))
    other = only(judge(gate, champion(metric="AUC")))
    assert (other.passed, other.reason) == (passed, "the champion was ranked by AUC")


@pytest.mark.parametrize(
    ("rule", "against", "says"),
    [
        (
            BetterThanChampion(),
            champion(None),
            f"champion.on_missing_champion_figure = 'fail' fails the task: the champion has no such metric; it has no "
            f"metrics (champion: {ARN})",
        ),
        (
            BetterThanChampion(on_other_objective="fail"),
            champion(metric="AUC"),
            f"champion.on_other_objective = 'fail' fails the task: the champion was ranked by AUC (champion: {ARN})",
        ),
    ],
)
def test_a_champion_that_cannot_be_compared_may_fail_the_task(
    rule: BetterThanChampion, against: Champion, says: str
) -> None:
    """Instead of rejecting all candidates."""
    with pytest.raises(InvalidQualityGate) as failed:
        judge(QualityGate(champion=rule), against)
    assert [str(each) for each in failed.value.violations] == [says]


def test_a_quicker_model_is_the_better_one() -> None:
    """InferenceLatency is never an objective, but its direction is known: lower is better."""
    metrics = [{"StandardMetricName": "InferenceLatency", "Value": 0.5, "Set": "Validation"}]
    slower = candidate(CandidateProperties={"CandidateMetrics": metrics})
    quick = Champion(model_package_arn=ARN, objective="F1", figures={"Validation": {"InferenceLatency": 0.1}})
    gate = QualityGate(champion=BetterThanChampion(metric="InferenceLatency"))
    ruling = only(gate.judge(job(), slower, quick))
    assert (ruling.passed, ruling.reason) == (False, f"0.5 > champion 0.1 (version 3): worse by 0.4{OWN_ROWS}")


def test_a_metric_that_is_named_is_compared_whatever_the_champion_was_ranked_by() -> None:
    """The champion's objective is then ignored."""
    rule = BetterThanChampion(metric="F1")
    assert only(judge(QualityGate(champion=rule), champion(metric="AUC"))).passed


def test_failed_candidates_of_the_job_can_be_limited() -> None:
    """The reason names them; an unclear failure counts as a candidate's."""
    ruling = only(judge(QualityGate(most_partial_failures=0), failures=("A candidate failed.", "Internal error.")))
    said = "2 failed: candidate: A candidate failed.; other: Internal error."
    assert (ruling.passed, ruling.value, ruling.reason) == (False, 2.0, said)
    assert judge(QualityGate(most_partial_failures=1), failures=("A candidate failed.",)).approved


def test_a_missing_explanation_rejects_no_model_unless_it_is_to_count() -> None:
    """By default the rule passes with a remark; the gate can define what counts."""
    failures = ("No explanations.", "The insights report failed.", "The deployment failed.")
    ruling = only(judge(QualityGate(most_partial_failures=0), failures=failures))
    assert (ruling.passed, ruling.value) == (True, 0.0)
    assert ruling.reason == (
        "0 failed (not counted: explanation: No explanations.; insights: The insights report failed.; deployment: The "
        "deployment failed.)"
    )
    strict = QualityGate(most_partial_failures=0, partial_failures_counted=["explanation", "deployment"])
    ruling = only(judge(strict, failures=failures))
    assert (ruling.passed, ruling.value) == (False, 2.0)
    assert ruling.name == "at most 0 failed parts of the job (explanation, deployment)"


@pytest.mark.parametrize(
    ("verdict", "begins"),
    [
        (
            judge(
                QualityGate(thresholds=[Threshold(metric="F1", minimum=0.5)], champion=BetterThanChampion()),
                champion(0.963855),
                f1=0.702703,
            ),
            "Rejected: F1 (validation) 0.7027 < champion 0.9639 (version 3): worse by 0.2612; 1 of 2 rules passed",
        ),
        (
            judge(QualityGate(thresholds=[Threshold(metric="F1", minimum=0.95, data_set="Test")])),
            "Rejected: F1 (test) 0.8 < 0.95; 0 of 1 rules passed",
        ),
        (
            judge(QualityGate(most_partial_failures=0), failures=("Candidate b: no.",)),
            "Rejected: at most 0 failed parts of the job: 1 failed: candidate: Candidate b: no.; 0 of 1 rules passed",
        ),
        (
            judge(QualityGate(champion=BetterThanChampion(metric="F1")), champion(51234.57), f1=51234.56),
            "Rejected: F1 (validation) 51234.56 < champion 51234.57 (version 3): worse by 0.01; 0 of 1 rules passed",
        ),
    ],
)
def test_a_rejection_begins_with_its_figures(verdict: Verdict, begins: str) -> None:
    """The first hundred characters say which rule is violated and by how much."""
    assert str(verdict).splitlines()[0] == begins


def test_a_verdict_is_json_and_goes_onto_the_card() -> None:
    """The register operator accepts the verdict unchanged."""
    gate = QualityGate(thresholds=[Threshold(metric="F1", minimum=0.95)], champion=BetterThanChampion())
    verdict = judge(gate, champion())
    document = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert document["approved"] is False
    assert document["champion"] == ARN
    assert [rule["passed"] for rule in document["rules"]] == [False, True]
    evaluations = {item["name"]: item for item in build(verdict=document)["evaluation_details"]}
    named = json.dumps(evaluations["Quality gate"])
    assert all(rule["name"][:50] in named for rule in document["rules"])


@pytest.mark.parametrize(
    ("threshold", "instead"),
    [
        (Threshold(metric="Accuracy", minimum=0.5), "on validation data; it has F1, LogLoss"),
        (
            Threshold(metric="LogLos", maximum=0.5, is_new_metric=True),
            "on validation data; it has F1, LogLoss; did you mean 'LogLoss'?",
        ),
        (
            Threshold(metric="F1", minimum=0.5, data_set="Train"),
            "on train data; it has metrics on test, validation data only",
        ),
        (
            Threshold(metric="RMSE", maximum=25),
            "on validation data; BinaryClassification has no RMSE; it has F1, LogLoss",
        ),
    ],
)
def test_a_figure_that_is_missing_fails_the_task(threshold: Threshold, instead: str) -> None:
    """The error names the existing metrics; a missing metric is not a rejection, unless the gate says so."""
    of_two_classes = replace(job(), resolved_problem_type="BinaryClassification")
    metric = str(threshold.metric)
    with pytest.raises(InvalidQualityGate) as failed:
        QualityGate(thresholds=[threshold]).judge(of_two_classes, candidate(), None)
    says = f"thresholds[0].metric = {metric!r} is not a metric of candidate best of AutoML job job {instead}"
    assert [str(each) for each in failed.value.violations] == [says]
    rejecting = QualityGate(thresholds=[threshold], on_missing_figure="reject")
    ruling = only(rejecting.judge(of_two_classes, candidate(), None))
    clause = instead.partition(";")[2]
    assert (ruling.passed, ruling.reason) == (False, f"the candidate has no such metric;{clause}")


def test_all_that_is_missing_is_said_at_once() -> None:
    """All missing metrics are reported in one error."""
    gate = QualityGate(
        thresholds=[Threshold(metric="AUC", minimum=0.5), Threshold(metric="F1", minimum=0.99)],
        champion=BetterThanChampion(metric="Recall"),
    )
    with pytest.raises(InvalidQualityGate) as failed:
        judge(gate, champion())
    assert [each.path for each in failed.value.violations] == ["thresholds[0].metric", "champion.metric"]


def test_what_candidates_were_ranked_by_is_a_figure() -> None:
    """The service may give only the objective; a candidate without an objective has no metrics."""
    gate = QualityGate(
        thresholds=[Threshold(metric="F1", minimum=0.9)], champion=BetterThanChampion(), on_missing_figure="reject"
    )
    bare = candidate(0.9, CandidateProperties={})
    assert gate.judge(job(), bare, champion(0.9)).approved
    unranked = candidate(FinalAutoMLJobObjectiveMetric=None, CandidateProperties={})
    assert [rule.reason for rule in gate.judge(job(), unranked, champion()).rules] == [
        "the candidate has no such metric; it has no metrics",
        "the candidate has no objective; set the metric to compare",
    ]
    with pytest.raises(
        InvalidQualityGate, match=r"champion\.metric is required: candidate best of AutoML job job has no"
    ):
        QualityGate(champion=BetterThanChampion()).judge(job(), unranked, champion())


@pytest.mark.parametrize(("figure", "passed"), [(0.95, True), (0.95 - 1e-12, False)])
def test_a_threshold_is_exact(figure: float, passed: bool) -> None:
    """Comparisons are exact; the reason shows all digits that matter."""
    rule = only(judge(QualityGate(thresholds=[Threshold(metric="F1", minimum=0.95)]), f1=figure))
    assert rule.passed is passed
    assert rule.reason == ("it is 0.95" if passed else "it is 0.949999999999")


def test_small_figures_are_compared_as_well_as_large_ones() -> None:
    """Relative differences of tiny losses are compared correctly."""
    figures = [{"StandardMetricName": "MSE", "Value": 1e-9, "Set": "Validation"}]
    challenger = candidate(CandidateProperties={"CandidateMetrics": figures})
    best = Champion(model_package_arn=ARN, objective="MSE", figures={"Validation": {"MSE": 5e-10}})
    gate = QualityGate(champion=BetterThanChampion(metric="MSE"), thresholds=[Threshold(metric="MSE", maximum=5e-10)])
    verdict = gate.judge(job(), challenger, best)
    assert [rule.passed for rule in verdict.rules] == [False, False]
    assert verdict.rules[1].reason == f"1e-09 > champion 5e-10 (version 3): worse by 5e-10{OWN_ROWS}"


@pytest.mark.parametrize("known", [math.nan, math.inf])
def test_a_figure_that_is_no_number_is_none(known: float) -> None:
    """A verdict can always be written as JSON."""
    rule = only(judge(QualityGate(champion=BetterThanChampion(on_missing_champion_figure="reject")), champion(known)))
    assert (rule.passed, rule.limit) == (False, None)


@given(challenger=FINITE, best=FINITE, margin=st.floats(0, 0.99), is_relative=st.booleans())
def test_a_worse_champion_is_always_beaten(challenger: float, best: float, margin: float, is_relative: bool) -> None:
    """By the margin, in both directions; and no worse candidate passes."""
    for metric, sign in (("F1", 1), ("LogLoss", -1)):
        rule = BetterThanChampion(metric=metric, margin=margin, is_relative=is_relative)
        figures = [{"StandardMetricName": metric, "Value": challenger, "Set": "Validation"}]
        entry = candidate(CandidateProperties={"CandidateMetrics": figures}, FinalAutoMLJobObjectiveMetric=None)
        against = Champion(model_package_arn=ARN, objective=None, figures={"Validation": {metric: best}})
        verdict = QualityGate(champion=rule).judge(job(), entry, against)
        needed = margin * abs(best) if is_relative else margin
        slack = 1e-8 * max(abs(best), abs(challenger), margin)
        if sign * (challenger - best) > needed + slack:
            assert verdict.approved
        if sign * (challenger - best) < needed - slack:
            assert not verdict.approved
        assert json.loads(json.dumps(verdict.to_json(), allow_nan=False)) == verdict.to_json()


@given(challenger=FINITE, best=FINITE)
def test_of_two_that_differ_exactly_one_is_better(challenger: float, best: float) -> None:
    """With a margin of 0, in either order; in a tie both pass."""
    gate = QualityGate(champion=BetterThanChampion())
    there = judge(gate, champion(best), f1=challenger).approved
    back = judge(gate, champion(challenger), f1=best).approved
    assert there or back
    if not math.isclose(challenger, best, rel_tol=1e-8):
        assert there != back
        assert there == (challenger > best)
