"""A retraining whose gate decides on labelled rows: the task, the default rule, and what is refused at parse."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sagemaker_automl import BetterThanChampion, QualityGate, Threshold
from tests.support.requests import smallest
from tests.task_groups.test_retraining import JUDGED, built, edges

EVALUATION = {"data": "s3://bucket/held-out/", "output_uri": "s3://bucket/evaluated/", "role_arn": "arn:of-a-role"}
_STEPS = {("train", "evaluate"), ("evaluate", "judge"), ("register", "approved")}


def test_the_rows_are_scored_between_training_and_judging() -> None:
    """The group is checked before the training, since the champion is looked up later."""
    dag, retraining = built(gate=None, evaluation=EVALUATION)
    assert edges(dag) == {*JUDGED, *_STEPS}
    assert retraining.evaluate is not None
    assert retraining.judge is not None
    assert retraining.evaluate.model_package_group_name == "churn"
    assert retraining.judge.gate == {"champion": {"on": "evaluation"}}


@pytest.mark.parametrize(
    ("gate", "champion"),
    [
        (QualityGate(thresholds=[Threshold(metric="F1", minimum=0.8)]), {"on": "evaluation"}),
        ({"champion": {"margin": 0.1}}, {"margin": 0.1}),
        (
            QualityGate(champion=BetterThanChampion(on="evaluation", margin=-0.01)),
            {"on": "evaluation", "margin": -0.01},
        ),
    ],
)
def test_a_rule_for_the_champion_is_the_authors(gate: Any, champion: dict[str, Any]) -> None:
    """A gate without one compares on the same rows."""
    _, retraining = built(gate=gate, evaluation=EVALUATION)
    assert retraining.judge is not None
    assert champion.items() <= retraining.judge.gate["champion"].items()


def test_the_role_is_that_of_a_literal_request() -> None:
    """It need not be repeated; another one may be given."""
    rows = {name: EVALUATION[name] for name in ("data", "output_uri")}
    request = smallest()
    for given, role in ((rows, request["RoleArn"]), (EVALUATION, "arn:of-a-role")):
        _, retraining = built(request=request, gate=None, evaluation=given)
        assert retraining.evaluate is not None
        assert retraining.evaluate.role_arn == role


def test_the_step_takes_further_arguments() -> None:
    """Only if there is one."""
    _, retraining = built(gate=None, evaluation=EVALUATION, steps={"evaluate": {"slices": ["region"]}})
    assert retraining.evaluate is not None
    assert retraining.evaluate.slices == ["region"]
    with pytest.raises(ValueError, match="has no 'evaluate' without evaluation"):
        built(steps={"evaluate": {"slices": ["region"]}})


def test_wrong_arguments_are_an_import_error() -> None:
    """All of them at once, and before anything runs."""
    wrong = {**EVALUATION, "data": "bucket/held-out", "confidence": 2, "minimum_rows": 3, "metrics": ["Acuracy"]}
    with pytest.raises(Exception, match="4 errors") as error:
        built(gate=None, evaluation=wrong)
    for word in ("must be an S3 URI", "confidence = 2", "minimum_rows = 3", "did you mean 'Accuracy'"):
        assert word in str(error.value)


@pytest.mark.parametrize(
    "gate",
    [
        QualityGate(champion=BetterThanChampion(on="evaluation")),
        {"champion": {}, "slices": {"margin": 0.1}},
        QualityGate(thresholds=[Threshold(metric="F1", data_set="Evaluation", minimum=0.5)]),
    ],
)
def test_a_gate_that_needs_an_evaluation_is_refused_without_one(gate: Any) -> None:
    """Before anything is trained; the result of another task may be given to the step."""
    with pytest.raises(ValueError, match="the gate needs an evaluation: set evaluation="):
        built(gate=gate)
    built(gate=gate, steps={"judge": {"evaluation": "{{ ti.xcom_pull('elsewhere') | tojson }}"}})
