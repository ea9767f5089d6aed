"""What a quality gate may ask: everything that is wrong is said at once, and what a template became is understood."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from airflow.sdk import BaseOperator, XComArg
from hypothesis import given
from hypothesis import strategies as st

from airflow_sagemaker_automl.core.literals import literal
from airflow_sagemaker_automl.core.metric_names import problem_type_of
from airflow_sagemaker_automl.core.quality_gate import (
    BetterThanChampion,
    Champion,
    QualityGate,
    Threshold,
    gate_as_mapping,
    require_literals,
)
from airflow_sagemaker_automl.exceptions import InvalidQualityGate
from tests.core.gates import WRONG_GATES
from tests.core.test_quality_gate import ARN, candidate, champion, job

LATER: Any = XComArg(BaseOperator(task_id="earlier"))
TEMPLATE = "{{ params.later }}"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["0.5", "F1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["metric", "minimum", "margin", "data_set", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def said(error: InvalidQualityGate) -> list[str]:
    """List what is wrong."""
    return [str(violation) for violation in error.violations]


@pytest.mark.parametrize(("gate", "says"), WRONG_GATES)
def test_all_that_is_wrong_is_said_at_once(gate: Any, says: list[str]) -> None:
    """The same when it is written and when it is rendered."""
    with pytest.raises(InvalidQualityGate) as rendered:
        QualityGate.read(gate, "gate")
    assert said(rendered.value) == says
    with pytest.raises(InvalidQualityGate) as written:
        require_literals(gate_as_mapping(gate), "gate")
    assert said(written.value) == says


def test_a_gate_that_means_nothing_is_refused_when_it_is_written() -> None:
    """Not when a model waits for it; with all that is wrong in it."""
    with pytest.raises(InvalidQualityGate) as refused:
        QualityGate(
            thresholds=[
                Threshold(metric="F1"),
                Threshold(metric="F1", minimum=2, maximum=1, against_direction=True),
            ],
            champion=BetterThanChampion(margin=-1),
        )
    assert str(refused.value).splitlines() == [
        "The quality gate cannot judge; 3 things are wrong:",
        "  thresholds[0] needs a minimum or a maximum",
        "  thresholds[1].minimum = 2.0 must not be more than maximum, which is 1",
        "  champion.margin = -1.0 must be 0 or more: the candidate has to be better by so much",
    ]
    with pytest.raises(InvalidQualityGate, match="The quality gate cannot judge: the gate needs a rule"):
        QualityGate()


@pytest.mark.parametrize("later", [LATER, TEMPLATE])
def test_what_is_not_known_yet_is_not_judged(later: Any) -> None:
    """A template or an XComArg may stand in each place, and what is literal beside it is judged all the same."""
    limits = ("metric", "minimum", "maximum", "data_set", "is_new_metric", "against_direction")
    unknown: dict[str, Any] = dict.fromkeys(limits, later)
    names = [each.name for each in fields(BetterThanChampion)]
    for gate in (
        QualityGate(
            thresholds=[Threshold(**unknown)],
            champion=BetterThanChampion(**dict.fromkeys(names, later)),
            most_partial_failures=later,
            partial_failures_counted=[later],
            on_missing_figure=later,
        ),
        QualityGate(most_partial_failures=later, partial_failures_counted=later),
        QualityGate(thresholds=later, champion=later),
        {"thresholds": [later], "champion": later},
        later,
    ):
        require_literals(gate_as_mapping(gate))
    with pytest.raises(InvalidQualityGate) as refused:
        QualityGate(thresholds=[Threshold(metric=later, minimum="low", maximum=later)])
    assert said(refused.value) == ["thresholds[0].minimum = 'low' must be a number"]


def test_a_gate_whose_templates_are_not_resolved_judges_nothing() -> None:
    """Nor does it let anything through."""
    gate = QualityGate(thresholds=[Threshold(metric="F1", minimum=TEMPLATE)])
    with pytest.raises(InvalidQualityGate, match=r"minimum = '{{ params.later }}' must be a number"):
        gate.judge(job(), candidate(), None)


def test_a_gate_becomes_plain_and_what_it_was() -> None:
    """As a mapping with typed parts, as JSON, and with texts for all numbers and truth values."""
    gate = QualityGate(
        thresholds=(Threshold(metric="F1", minimum=0.5), Threshold(metric="LogLoss", maximum=1.0, data_set="Test")),
        champion=BetterThanChampion(margin=0.25, is_relative=True, metric="F1", on_missing_champion_figure="pass"),
        most_partial_failures=2,
        partial_failures_counted=("candidate", "explanation"),
        on_missing_figure="reject",
    )
    mapping = gate_as_mapping(gate)
    assert QualityGate.read(mapping) == gate
    assert QualityGate.read(json.dumps(mapping)) == gate
    assert gate_as_mapping(dict(vars(gate))) == mapping
    texts = {
        "thresholds": json.dumps(mapping["thresholds"]),
        "champion": {**mapping["champion"], "margin": "0.25", "is_relative": " True "},
        "most_partial_failures": "2",
        "partial_failures_counted": '["candidate", "explanation"]',
        "on_missing_figure": "reject",
    }
    assert QualityGate.read(texts) == gate


def test_an_empty_text_leaves_its_member_out() -> None:
    """As a template gives it that has nothing to say."""
    blank = {"margin": "", "is_relative": "", "metric": "", "data_set": "", "without_champion": None}
    gate = QualityGate.read({"thresholds": "", "champion": blank, "most_partial_failures": ""})
    assert gate == QualityGate(champion=BetterThanChampion())


def test_a_gate_that_holds_itself_is_refused() -> None:
    """Instead of never ending."""
    endless: dict[str, Any] = {}
    endless["champion"] = endless
    with pytest.raises(InvalidQualityGate, match="does it hold itself"):
        gate_as_mapping(endless)


def test_a_metric_that_is_newer_than_the_package_is_said_to_be_one() -> None:
    """A figure of it is limited as any other, and compared in the direction that the gate says."""
    newer = {"StandardMetricName": "Calibration", "Value": 0.2, "Set": "Validation"}
    judged = candidate(CandidateProperties={"CandidateMetrics": [newer]})
    against = Champion(model_package_arn=ARN, objective="F1", figures={"Validation": {"Calibration": 0.1}})
    for direction, passed in (("Maximize", True), ("Minimize", False)):
        gate = QualityGate(
            thresholds=[Threshold(metric="Calibration", maximum=0.3, is_new_metric=True)],
            champion=BetterThanChampion(metric="Calibration", is_new_metric=True, direction=direction),
        )
        assert [rule.passed for rule in gate.judge(job(), judged, against).rules] == [True, passed]


@pytest.mark.parametrize(
    ("metric", "config", "says"),
    [
        ("AUC", {"TabularJobConfig": {"ProblemType": "Regression"}}, "Regression; there are MAE, MSE, R2, RMSE, "),
        ("F1macro", {"TabularJobConfig": {"ProblemType": "BinaryClassification"}}, "BinaryClassification; there are "),
        ("RMSE", {"TextClassificationJobConfig": {"ContentColumn": "{{ later }}"}}, "TextClassification; there are "),
        ("Rouge1", {"TabularJobConfig": {}}, "Tabular"),
        ("Rouge1", {"TabularJobConfig": {"ProblemType": "{{ later }}"}}, "Tabular"),
        ("R2", {"ImageClassificationJobConfig": {}}, "ImageClassification; there are Accuracy, "),
        ("MSE", {"TimeSeriesForecastingJobConfig": {}}, "TimeSeriesForecasting; there are Average"),
        ("Accuracy", {"TextGenerationJobConfig": {}}, "TextGeneration; there are Perplexity, "),
    ],
)
def test_a_metric_of_another_problem_type_is_refused(metric: str, config: dict[str, Any], says: str) -> None:
    """As soon as the problem type is known; those that it has instead are named."""
    problem_type = problem_type_of(literal({"AutoMLProblemTypeConfig": config}))
    gate = {"champion": {"metric": metric}}
    require_literals(gate)
    with pytest.raises(InvalidQualityGate) as refused:
        require_literals(gate, "gate", problem_type=problem_type)
    assert f"gate.champion.metric = {metric!r} is not a metric of {says}" in str(refused.value)


@pytest.mark.parametrize(
    "request_",
    [
        "requests/churn.yaml",
        {"AutoMLProblemTypeConfig": "{{ later }}"},
        {"AutoMLProblemTypeConfig": ["TabularJobConfig"]},
        {"AutoMLProblemTypeConfig": {"TabularJobConfig": {}, "TextGenerationJobConfig": {}}},
        {"AutoMLProblemTypeConfig": {"TelepathyJobConfig": {}}},
    ],
)
def test_a_problem_type_that_is_not_known_refuses_nothing(request_: Any) -> None:
    """A template, a file, or one that the service finds out."""
    assert problem_type_of(literal(request_)) is None
    wrong = {"AutoMLProblemTypeConfig": {"TabularJobConfig": {"ProblemType": ["Regression"]}}}
    for problem_type in (None, problem_type_of(wrong)):
        require_literals({"champion": {"metric": "AUC"}}, problem_type=problem_type)


@given(thresholds=JSON, parts=JSON, failures=JSON, counted=JSON)
def test_whatever_a_gate_holds_it_is_refused_or_judges(
    thresholds: Any, parts: Any, failures: Any, counted: Any
) -> None:
    """With a verdict that is JSON; nothing else happens."""
    given = {"thresholds": thresholds, "champion": parts, "most_partial_failures": failures}
    given["partial_failures_counted"] = counted
    try:
        gate = QualityGate.read(gate_as_mapping(given))
    except InvalidQualityGate:
        return
    try:
        document = gate.judge(job(), candidate(), champion()).to_json()
    except InvalidQualityGate:
        return
    assert json.loads(json.dumps(document, allow_nan=False)) == document
