"""A gate judges by an evaluation: candidate and champion on the same labelled rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl import (
    BetterThanChampion,
    ChampionChanged,
    EvaluationRecord,
    InvalidQualityGate,
    NoSliceWorse,
    QualityGate,
    Threshold,
)
from airflow_sagemaker_automl.core.gate.quality_gate import Champion, Verdict
from airflow_sagemaker_automl.core.gate.verdict import summary
from airflow_sagemaker_automl.core.rules.characters import wrong_in_metadata
from tests.core.gate.test_quality_gate import ARN, candidate, champion, job, only
from tests.support.evaluations import cannot_score, evaluation, result, without_champion

EMPTY: Any = object()
FIGURES = st.floats(0, 1)
OPEN = "; so many rows show a difference of 0.01402 with a chance of 80 %"


def judge(gate: QualityGate, by: EvaluationRecord | None, against: Champion | None = EMPTY) -> Verdict:
    """Judge candidate ``best``; the champion is version 3."""
    return gate.judge(job(), candidate(), champion() if against is EMPTY else against, by)


def on_same_rows(**arguments: Any) -> QualityGate:
    """Make a gate that compares on an evaluation."""
    return QualityGate(champion=BetterThanChampion(on="evaluation", **arguments))


@pytest.mark.parametrize(
    ("arguments", "value", "passed", "reason"),
    [
        ({}, 0.9, True, "better by 0.02 (95 % interval of the improvement: 0.01019 to 0.02981); outcome: better"),
        (
            {},
            0.88,
            False,
            "no difference (95 % interval of the improvement: -0.009812 to 0.009812); outcome: inconclusive" + OPEN,
        ),
        ({}, 0.86, False, "worse by 0.02 (95 % interval of the improvement: -0.02981 to -0.01019); outcome: worse"),
        (
            {"margin": 0.02},
            0.92,
            True,
            "better by 0.04 (95 % interval of the improvement: 0.03019 to 0.04981); outcome: better by at least 0.02",
        ),
        (
            {"margin": 0.02},
            0.9,
            False,
            "better by 0.02 (95 % interval of the improvement: 0.01019 to 0.02981); outcome: not worse, but not shown "
            "to be better by 0.02" + OPEN,
        ),
        (
            {"margin": -0.02},
            0.875,
            True,
            "worse by 0.005 (95 % interval of the improvement: -0.01481 to 0.004812); outcome: not worse by more than "
            "0.02",
        ),
        (
            {"confidence": 0.8},
            0.885,
            False,
            "better by 0.005 (80 % interval of the improvement: -0.001412 to 0.01141); outcome: inconclusive; so many "
            "rows show a difference of 0.01062 with a chance of 80 %",
        ),
        ({"confidence": None}, 0.88, True, "no difference; outcome: not worse"),
        ({"confidence": None, "margin": 0.02}, 0.9, True, "better by 0.02; outcome: better by at least 0.02"),
        (
            {"confidence": None, "margin": 0.03},
            0.9,
            False,
            "better by 0.02; outcome: not worse, but not better by 0.03",
        ),
        ({"confidence": None, "require": "better"}, 0.88, False, "no difference; outcome: not worse, but not better"),
    ],
)
def test_the_interval_of_the_improvement_decides(
    arguments: dict[str, Any], value: float, passed: bool, reason: str
) -> None:
    """The reason has both values, the improvement with its interval, the outcome, and what the rows could show."""
    ruling = only(judge(on_same_rows(**arguments), evaluation(result(value))))
    assert (ruling.passed, ruling.value, ruling.limit) == (passed, value, 0.88)
    values, _, rest = ruling.reason.partition(" on 1000 rows: ")
    assert values.endswith("champion 0.88 (version 3)")
    assert rest == reason


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({}, "not worse than that of the champion with 95 percent confidence"),
        ({"require": "better"}, "better than that of the champion with 95 percent confidence"),
        ({"margin": 0.02, "confidence": None}, "better than that of the champion by at least 0.02"),
        (
            {"margin": -0.02, "confidence": 0.975},
            "not worse than that of the champion by more than 0.02 with 97.5 percent confidence",
        ),
    ],
)
def test_a_rule_on_an_evaluation_is_named_for_what_it_requires(arguments: dict[str, Any], wanted: str) -> None:
    """Its name says that the rows are the same, in characters that metadata allow."""
    verdict = judge(on_same_rows(**arguments), evaluation(result(0.8)))
    assert only(verdict).name == f"F1 on the same rows {wanted}"
    assert wrong_in_metadata(summary(verdict.to_json())) == ""


@pytest.mark.parametrize(
    ("arguments", "value", "begins"),
    [
        ({}, 0.88, "F1 (same rows) 0.88 = champion 0.88 (version 3): no difference, inconclusive"),
        ({}, 0.86, "F1 (same rows) 0.86 < champion 0.88 (version 3): worse by 0.02"),
        (
            {"margin": 0.02},
            0.9,
            "F1 (same rows) 0.9 > champion 0.88 (version 3): better by 0.02, not shown to be better by 0.02",
        ),
    ],
)
def test_a_rejection_by_an_evaluation_begins_with_its_figures(
    arguments: dict[str, Any], value: float, begins: str
) -> None:
    """As every rejection does."""
    verdict = judge(on_same_rows(**arguments), evaluation(result(value)))
    assert str(verdict).splitlines()[0] == f"Rejected: {begins}; 0 of 1 rules passed"


@pytest.mark.parametrize(
    ("arguments", "value", "passed"),
    [
        ({}, 0.88, True),
        ({}, 0.86, False),
        ({"margin": 0.02}, 0.88, False),
        ({"margin": 0.02}, 0.895, True),
        ({"margin": 0.02}, 0.9, True),
        ({"margin": 0.02, "confidence": None}, 0.89, False),
    ],
)
def test_what_is_inconclusive_may_pass(arguments: dict[str, Any], value: float, passed: bool) -> None:
    """If the interval still has the margin; a candidate that is shown to be worse, or less better, never passes."""
    ruling = only(judge(on_same_rows(on_inconclusive="pass", **arguments), evaluation(result(value))))
    assert ruling.passed is passed
    assert ruling.reason.endswith(" (on_inconclusive='pass')") is passed


@given(values=st.tuples(FIGURES, FIGURES), margin=st.floats(-0.5, 0.5), error=st.floats(0, 0.2), follows=st.booleans())
def test_a_better_candidate_never_fares_worse(
    values: tuple[float, float], margin: float, error: float, follows: bool
) -> None:
    """With the same uncertainty, whatever passes with the lower value passes with the higher one."""
    gate = on_same_rows(margin=margin, on_inconclusive="pass" if follows else "reject")
    low, high = (judge(gate, evaluation(result(value, error=error))) for value in sorted(values))
    assert high.approved or not low.approved
    document = high.to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_rows_that_are_not_independent_are_counted_as_clusters() -> None:
    """The interval is wider, and the reason says of how many clusters the rows are."""
    ruling = only(judge(on_same_rows(), evaluation(result(0.9, units=40))))
    assert " on 1000 rows in 40 clusters: better by 0.02 (95 % interval of the improvement: 0.009887 " in ruling.reason


def test_models_that_predict_the_same_are_not_worse() -> None:
    """Without any uncertainty an equal candidate passes, and is not better."""
    same = evaluation(result(0.88, error=0.0))
    assert only(judge(on_same_rows(), same)).passed
    ruling = only(judge(on_same_rows(require="better"), same))
    assert not ruling.passed
    assert ruling.reason.endswith("0 to 0); outcome: not worse, but not shown to be better")


def test_the_verdict_has_the_facts_of_the_evaluation() -> None:
    """Only if a rule used it."""
    verdict = judge(on_same_rows(), evaluation())
    assert (verdict.compares, verdict.champion) == (True, ARN)
    facts = {"data": "s3://bucket/labelled.csv", "data_digest": "a1b2", "rows": 1000, "champion": ARN}
    found = verdict.to_json()["evaluation"]
    assert facts.items() <= found.items()
    assert found["metrics"] == evaluation().to_json()["metrics"]
    assert "slices" not in found
    by_records = judge(QualityGate(champion=BetterThanChampion()), evaluation())
    assert "evaluation" not in by_records.to_json()


def test_the_objective_is_compared_in_any_spelling() -> None:
    """Jobs may name it as their tuning job does."""
    ranked = candidate(FinalAutoMLJobObjectiveMetric={"MetricName": "validation:f1_binary", "Value": 0.9})
    assert on_same_rows().judge(job(), ranked, champion(), evaluation()).approved
    unranked = candidate(FinalAutoMLJobObjectiveMetric=None, CandidateProperties={})
    with pytest.raises(InvalidQualityGate, match=r"champion\.metric is required: candidate best of AutoML job job has"):
        on_same_rows().judge(job(), unranked, champion(), evaluation())


@pytest.mark.parametrize("follows", ["pass", "reject"])
def test_what_has_no_comparison_follows_its_option(follows: Any) -> None:
    """No champion, or one that cannot predict the rows: the reason says so."""
    first = judge(on_same_rows(without_champion=follows), without_champion(), None)
    ruling = only(first)
    assert (ruling.passed, ruling.value, ruling.limit) == (follows == "pass", 0.9, None)
    assert ruling.reason == "the group has no approved version to beat"
    assert (first.compares, first.champion) == (True, None)
    other = only(judge(on_same_rows(on_champion_cannot_score=follows), cannot_score()))
    assert other.passed is (follows == "pass")
    assert other.reason == "the champion cannot predict these rows: it needs column tenure"


def test_a_champion_that_cannot_score_fails_the_task_by_default() -> None:
    """Because nothing is known about the candidate."""
    with pytest.raises(InvalidQualityGate) as failed:
        judge(on_same_rows(), cannot_score())
    assert [str(each) for each in failed.value.violations] == [
        "champion.on_champion_cannot_score = 'fail' fails the task: the champion cannot predict these rows: it needs "
        f"column tenure (champion: {ARN})"
    ]


def test_a_rule_without_its_evaluation_says_where_to_get_it() -> None:
    """One error names all rules that need it."""
    gate = QualityGate(
        thresholds=[
            Threshold(metric="F1", minimum=0.5),
            Threshold(metric="F1", minimum=0.5, data_set="Evaluation"),
        ],
        champion=BetterThanChampion(on="evaluation"),
        slices=NoSliceWorse(),
    )
    with pytest.raises(InvalidQualityGate) as failed:
        judge(gate, None)
    assert [str(each) for each in failed.value.violations] == [
        "evaluation is required by thresholds[1], champion, slices: set evaluation= to the result of "
        "SageMakerModelEvaluationOperator"
    ]


def test_an_evaluation_of_another_candidate_judges_nothing() -> None:
    """Neither of another job nor of another candidate of the job."""
    with pytest.raises(InvalidQualityGate) as failed:
        judge(on_same_rows(), evaluation(job_name="other", candidate_name="second"))
    assert [str(each) for each in failed.value.violations] == [
        "evaluation.job_name = 'other' must be 'job', which is judged; the evaluation is of another one",
        "evaluation.candidate_name = 'second' must be 'best', which is judged; the evaluation is of another one",
    ]


@pytest.mark.parametrize(
    ("gate", "by", "against"),
    [
        (on_same_rows(), evaluation(champion=ARN.replace("/3", "/2")), champion()),
        (on_same_rows(), evaluation(), None),
        (on_same_rows(), without_champion(), champion()),
        (QualityGate(slices=NoSliceWorse()), without_champion(), champion()),
    ],
)
def test_an_evaluation_with_another_champion_judges_nothing(
    gate: QualityGate, by: EvaluationRecord, against: Champion | None
) -> None:
    """The error says to evaluate again; a limit for the candidate needs no champion."""
    with pytest.raises(ChampionChanged, match="Clear the task that evaluates") as changed:
        judge(gate, by, against)
    current = against.model_package_arn if against else None
    assert (changed.value.group, changed.value.judged, changed.value.current) == ("churn", by.champion, current)
    limit = QualityGate(thresholds=[Threshold(metric="F1", minimum=0.5, data_set="Evaluation")])
    assert judge(limit, by, against).approved


@pytest.mark.parametrize(
    "gate",
    [
        {"champion": {"on": "evaluation", "metric": "AUC"}},
        {"slices": {"metric": "AUC"}},
        {"thresholds": [{"metric": "AUC", "minimum": 0.5, "data_set": "Evaluation"}]},
    ],
)
def test_a_metric_that_the_evaluation_lacks_fails_the_task(gate: dict[str, Any]) -> None:
    """The error lists those that it has; the gate may reject instead."""
    by = evaluation(result(0.9), result(float("nan"), metric="LogLoss"), slices=())
    with pytest.raises(InvalidQualityGate, match=r"is not a metric of candidate best .* on evaluation data; it has F1"):
        judge(QualityGate.read(gate), by)
    if "slices" not in gate:
        ruling = only(judge(QualityGate.read({**gate, "on_missing_figure": "reject"}), by))
        assert (ruling.passed, ruling.reason) == (False, "the candidate has no such metric; it has F1")


@pytest.mark.parametrize(
    ("arguments", "passed", "reason"),
    [
        ({"minimum": 0.89}, True, "it is 0.9 on 1000 rows"),
        (
            {"minimum": 0.89, "confidence": 0.95},
            False,
            "it is 0.9 on 1000 rows, and the lower limit of its 95 % interval is 0.8804",
        ),
        (
            {"maximum": 0.91, "confidence": 0.95, "against_direction": True},
            False,
            "it is 0.9 on 1000 rows, and the upper limit of its 95 % interval is 0.9196",
        ),
        (
            {"minimum": 0.88, "confidence": 0.95},
            True,
            "it is 0.9 on 1000 rows, and the lower limit of its 95 % interval is 0.8804",
        ),
    ],
)
def test_a_limit_may_hold_for_the_rows_of_the_evaluation(arguments: dict[str, Any], passed: bool, reason: str) -> None:
    """By the value itself, or by the worse end of its interval."""
    threshold = Threshold(metric="F1", data_set="Evaluation", **arguments)
    ruling = only(judge(QualityGate(thresholds=[threshold]), evaluation()))
    assert (ruling.passed, ruling.value, ruling.reason) == (passed, 0.9, reason)
    bound = "at least" if "minimum" in arguments else "at most"
    assert ruling.name.startswith(f"F1 on evaluation data {bound} {ruling.limit}")
    assert ruling.name.endswith(" with 95 percent confidence") is ("confidence" in arguments)


def test_a_limit_that_only_the_interval_misses_begins_with_both() -> None:
    """The value, and the end of its interval that is compared."""
    threshold = Threshold(metric="F1", minimum=0.89, data_set="Evaluation", confidence=0.95)
    verdict = judge(QualityGate(thresholds=[threshold]), evaluation())
    begins = "Rejected: F1 (evaluation) 0.9, lower limit 0.8804 < 0.89; 0 of 1 rules passed"
    assert str(verdict).splitlines()[0] == begins


def test_equal_models_are_never_better() -> None:
    """Not even if what the rows leave open may pass: an interval that ends at 0 leaves nothing open."""
    same = evaluation(result(0.88, error=0.0))
    assert not only(judge(on_same_rows(require="better", on_inconclusive="pass"), same)).passed
