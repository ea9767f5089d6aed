"""What a quality gate may ask: everything that is wrong is said at once, and what a template became is understood."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import BaseOperator, XComArg
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from airflow_sagemaker_automl.core.quality_gate import (
    BetterThanChampion,
    QualityGate,
    Threshold,
    gate_as_mapping,
    require_literals,
)
from airflow_sagemaker_automl.core.rules.quality_gate import METRICS
from airflow_sagemaker_automl.exceptions import InvalidQualityGate
from tests.core.gates import WRONG_GATES
from tests.core.test_quality_gate import candidate, champion, job

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
            thresholds=[Threshold(metric="F1"), Threshold(metric="F1", minimum=2, maximum=1)],
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
    unknown = {"metric": later, "minimum": later, "maximum": later, "data_set": later}
    names = ("margin", "is_relative", "metric", "data_set", "without_champion", "without_figure", "other_objective")
    for gate in (
        QualityGate(
            thresholds=[Threshold(**unknown)],
            champion=BetterThanChampion(**dict.fromkeys(names, later)),
            most_partial_failures=later,
        ),
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
        champion=BetterThanChampion(margin=0.25, is_relative=True, metric="F1", without_figure="pass"),
        most_partial_failures=2,
    )
    mapping = gate_as_mapping(gate)
    assert QualityGate.read(mapping) == gate
    assert QualityGate.read(json.dumps(mapping)) == gate
    assert gate_as_mapping({"thresholds": gate.thresholds, "champion": gate.champion, "most_partial_failures": 2}) == (
        mapping
    )
    texts = {
        "thresholds": json.dumps(mapping["thresholds"]),
        "champion": {**mapping["champion"], "margin": "0.25", "is_relative": " True "},
        "most_partial_failures": "2",
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


def test_every_metric_of_the_service_is_known() -> None:
    """So that one that is spelt wrongly is told from one that is not known here."""
    shape = get_session().get_service_model("sagemaker").shape_for("AutoMLMetricExtendedEnum")
    assert set(METRICS) == set(shape.enum)  # type: ignore[attr-defined]


@given(thresholds=JSON, parts=JSON, failures=JSON)
def test_whatever_a_gate_holds_it_is_refused_or_judges(thresholds: Any, parts: Any, failures: Any) -> None:
    """With a verdict that is JSON; nothing else happens."""
    given = {"thresholds": thresholds, "champion": parts, "most_partial_failures": failures}
    try:
        gate = QualityGate.read(gate_as_mapping(given))
    except InvalidQualityGate:
        return
    document = gate.judge(job(), candidate(), champion()).to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
