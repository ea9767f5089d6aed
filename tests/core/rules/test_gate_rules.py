"""The options of a quality gate: all errors are reported together, and rendered templates are accepted."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from airflow.sdk import BaseOperator, XComArg
from hypothesis import given, strategies as st

from airflow_sagemaker_automl import BetterThanChampion, InvalidQualityGate, NoSliceWorse, QualityGate, Threshold
from airflow_sagemaker_automl.core.gate.quality_gate import Champion, gate_as_mapping, require_literals
from airflow_sagemaker_automl.core.values.literals import literal
from airflow_sagemaker_automl.core.values.metric_names import problem_type_of
from tests.core.gate.test_quality_gate import ARN, candidate, champion, job
from tests.support.gates import WRONG_GATES

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
    """List the errors."""
    return [str(violation) for violation in error.violations]


@pytest.mark.parametrize(("gate", "says"), WRONG_GATES)
def test_all_that_is_wrong_is_said_at_once(gate: Any, says: list[str]) -> None:
    """The errors are the same at parse and after rendering."""
    with pytest.raises(InvalidQualityGate) as rendered:
        QualityGate.read(gate, "gate")
    assert said(rendered.value) == says
    with pytest.raises(InvalidQualityGate) as written:
        require_literals(gate_as_mapping(gate), "gate")
    assert said(written.value) == says


def test_a_gate_that_means_nothing_is_refused_when_it_is_written() -> None:
    """A gate without rules is refused at parse, with all its other errors."""
    with pytest.raises(InvalidQualityGate) as refused:
        QualityGate(
            thresholds=[
                Threshold(metric="F1"),
                Threshold(metric="F1", minimum=2, maximum=1, against_direction=True),
            ],
            champion=BetterThanChampion(margin=-1),
        )
    assert str(refused.value).splitlines() == [
        "The quality gate cannot be evaluated; 3 errors:",
        "  thresholds[0] must have a minimum or a maximum",
        "  thresholds[1].minimum = 2.0 must be at most maximum, which is 1",
        "  champion.margin = -1.0 must be 0 or more: the candidate must be better than the champion by at least "
        "this much",
    ]
    with pytest.raises(
        InvalidQualityGate, match="The quality gate cannot be evaluated: the gate must have at least one rule"
    ):
        QualityGate()


@pytest.mark.parametrize("later", [LATER, TEMPLATE])
def test_what_is_not_known_yet_is_not_judged(later: Any) -> None:
    """A template or an XComArg is allowed anywhere, and literal values beside it are checked."""
    limits = ("metric", "minimum", "maximum", "data_set", "is_new_metric", "against_direction", "confidence")
    unknown: dict[str, Any] = dict.fromkeys(limits, later)
    names = [each.name for each in fields(BetterThanChampion)]
    for gate in (
        QualityGate(
            thresholds=[Threshold(**unknown)],
            champion=BetterThanChampion(**dict.fromkeys(names, later)),
            slices=NoSliceWorse(**dict.fromkeys([each.name for each in fields(NoSliceWorse)], later)),
            most_partial_failures=later,
            partial_failures_counted=[later],
            on_missing_figure=later,
        ),
        QualityGate(most_partial_failures=later, partial_failures_counted=later),
        QualityGate(thresholds=later, champion=later, slices=later),
        QualityGate(champion=BetterThanChampion(on=later, margin=-1, confidence=None, require="better")),
        QualityGate(champion=BetterThanChampion(on="evaluation", margin=later, require="better")),
        QualityGate(slices=NoSliceWorse(by=[later, "region"])),
        {"thresholds": [later], "champion": later},
        later,
    ):
        require_literals(gate_as_mapping(gate))
    with pytest.raises(InvalidQualityGate) as refused:
        QualityGate(thresholds=[Threshold(metric=later, minimum="low", maximum=later)])
    assert said(refused.value) == ["thresholds[0].minimum = 'low' must be a number"]


def test_a_gate_whose_templates_are_not_resolved_judges_nothing() -> None:
    """A gate with unresolved templates neither judges nor approves."""
    gate = QualityGate(thresholds=[Threshold(metric="F1", minimum=TEMPLATE)])
    with pytest.raises(InvalidQualityGate, match=r"minimum = '{{ params.later }}' must be a number"):
        gate.judge(job(), candidate(), None)


def test_a_gate_becomes_plain_and_what_it_was() -> None:
    """As a mapping with typed parts, as JSON, and with texts for all numbers and booleans."""
    gate = QualityGate(
        thresholds=(Threshold(metric="F1", minimum=0.5), Threshold(metric="LogLoss", maximum=1.0, data_set="Test")),
        champion=BetterThanChampion(margin=0.25, is_relative=True, metric="F1", on_missing_champion_figure="pass"),
        slices=NoSliceWorse(metric="F1", by=("region", "plan"), margin=0.1, most_unjudged=3),
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
        "slices": {
            "metric": "F1",
            "by": '["region", "plan"]',
            "margin": "0.1",
            "confidence": "0.95",
            "most_unjudged": "3",
        },
        "most_partial_failures": "2",
        "partial_failures_counted": '["candidate", "explanation"]',
        "on_missing_figure": "reject",
    }
    assert QualityGate.read(texts) == gate


@pytest.mark.parametrize(
    "rule",
    [
        BetterThanChampion(on="evaluation"),
        BetterThanChampion(on="evaluation", margin=-0.25, confidence=0.9, require="not_worse"),
        BetterThanChampion(on="evaluation", confidence=None, on_inconclusive="pass", on_champion_cannot_score="reject"),
    ],
)
def test_a_comparison_on_an_evaluation_becomes_plain_and_what_it_was(rule: BetterThanChampion) -> None:
    """Defaults of the other form are left out, because they would be refused; no confidence is a word."""
    gate = QualityGate(
        thresholds=(Threshold(metric="F1", minimum=0.5, data_set="Evaluation", confidence=0.9),),
        champion=rule,
        slices=NoSliceWorse(),
    )
    mapping = gate_as_mapping(gate)
    assert QualityGate.read(mapping) == gate
    assert QualityGate.read(json.dumps(mapping)) == gate
    assert mapping["champion"]["confidence"] == ("none" if rule.confidence is None else rule.confidence)


@pytest.mark.parametrize("points", [None, "", "none", " None "])
def test_no_confidence_compares_the_values(points: Any) -> None:
    """The word is what is left of Python's None in a rendered template; a blank means the same."""
    gate = QualityGate.read({"champion": {"on": "evaluation", "confidence": points}})
    assert gate == QualityGate(champion=BetterThanChampion(on="evaluation", confidence=None))
    with pytest.raises(InvalidQualityGate, match=r"champion\.confidence = 'none' needs on='evaluation'"):
        QualityGate(champion=BetterThanChampion(confidence=None))


def test_a_gate_says_what_it_needs() -> None:
    """A comparison needs the champion, and a rule on the same rows an evaluation."""
    recorded, same_rows = BetterThanChampion(), BetterThanChampion(on="evaluation")
    limit = Threshold(metric="F1", minimum=0.5, data_set="Evaluation")
    needs = [
        (QualityGate(most_partial_failures=0), False, False),
        (QualityGate(thresholds=[limit]), False, True),
        (QualityGate(champion=recorded), True, False),
        (QualityGate(champion=same_rows), True, True),
        (QualityGate(slices=NoSliceWorse()), True, True),
    ]
    for gate, compares, needs_evaluation in needs:
        read = QualityGate.read(gate_as_mapping(gate))
        assert (read.compares, read.needs_evaluation) == (compares, needs_evaluation)


def test_an_empty_text_leaves_its_member_out() -> None:
    """An empty text, as from a template, leaves the member unset."""
    blank = {"margin": "", "is_relative": "", "metric": "", "data_set": "", "without_champion": None, "confidence": ""}
    gate = QualityGate.read({"thresholds": "", "champion": blank, "most_partial_failures": ""})
    assert gate == QualityGate(champion=BetterThanChampion())


def test_a_gate_that_holds_itself_is_refused() -> None:
    """A gate that contains itself is refused without an endless loop."""
    endless: dict[str, Any] = {}
    endless["champion"] = endless
    with pytest.raises(InvalidQualityGate, match="does it contain itself"):
        gate_as_mapping(endless)


def test_a_metric_that_is_newer_than_the_package_is_said_to_be_one() -> None:
    """An unknown metric can have a threshold, and can be compared in the direction that the gate sets."""
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
        (
            "AUC",
            {"TabularJobConfig": {"ProblemType": "Regression"}},
            "Regression; known metrics are MAE, MSE, R2, RMSE, ",
        ),
        (
            "F1macro",
            {"TabularJobConfig": {"ProblemType": "BinaryClassification"}},
            "BinaryClassification; known metrics are ",
        ),
        (
            "RMSE",
            {"TextClassificationJobConfig": {"ContentColumn": "{{ later }}"}},
            "TextClassification; known metrics are ",
        ),
        ("Rouge1", {"TabularJobConfig": {}}, "Tabular"),
        ("Rouge1", {"TabularJobConfig": {"ProblemType": "{{ later }}"}}, "Tabular"),
        ("R2", {"ImageClassificationJobConfig": {}}, "ImageClassification; known metrics are Accuracy, "),
        ("MSE", {"TimeSeriesForecastingJobConfig": {}}, "TimeSeriesForecasting; known metrics are Average"),
        ("Accuracy", {"TextGenerationJobConfig": {}}, "TextGeneration; known metrics are Perplexity, "),
    ],
)
def test_a_metric_of_another_problem_type_is_refused(metric: str, config: dict[str, Any], says: str) -> None:
    """As soon as the problem type is known; the error names the valid metrics."""
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
    """A template, a file, or a type that the service determines."""
    assert problem_type_of(literal(request_)) is None
    wrong = {"AutoMLProblemTypeConfig": {"TabularJobConfig": {"ProblemType": ["Regression"]}}}
    for problem_type in (None, problem_type_of(wrong)):
        require_literals({"champion": {"metric": "AUC"}}, problem_type=problem_type)


@given(thresholds=JSON, parts=JSON, failures=JSON, counted=JSON)
def test_whatever_a_gate_holds_it_is_refused_or_judges(
    thresholds: Any, parts: Any, failures: Any, counted: Any
) -> None:
    """Any gate is refused or gives a verdict that is JSON."""
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
