"""A gate rejects a candidate that may be worse than the champion in a slice of the rows."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sagemaker_automl import BetterThanChampion, InvalidQualityGate, NoSliceWorse, QualityGate
from airflow_sagemaker_automl.core.gate.quality_gate import Ruling
from tests.core.gate.test_evaluated import judge
from tests.core.gate.test_quality_gate import only
from tests.support.evaluations import cannot_score, evaluation, part, small, without_champion

SLICES = (
    part("region", "EU", 0.9),
    part("region", "US", 0.87),
    part("plan", "basic", 0.92),
    small("plan", "pro"),
)
NAME = "F1 on the same rows in no slice of region, plan worse than that of the champion"


def ruled(*slices: Any, **arguments: Any) -> Ruling:
    """Judge by slices alone."""
    return only(judge(QualityGate(slices=NoSliceWorse(**arguments)), evaluation(slices=slices or SLICES)))


def test_a_loss_up_to_the_margin_is_allowed_in_a_slice() -> None:
    """The reason has the least certain slices first, with values and rows, and counts those with too few rows."""
    ruling = ruled(margin=0.05)
    assert (ruling.passed, ruling.value, ruling.limit) == (True, 0.87, 0.88)
    assert ruling.name == f"{NAME} by more than 0.05 with 95 percent confidence"
    assert ruling.reason == (
        "none of 3 slices is worse by more than 0.05; the least certain are region = US: 0.87 < champion 0.88 (version "
        "3), worse by 0.01 on 100 rows; region = EU: 0.9 > champion 0.88 (version 3), better by 0.02 on 100 rows; plan "
        "= basic: 0.92 > champion 0.88 (version 3), better by 0.04 on 100 rows; 1 slice has too few rows to be judged"
    )


def test_a_slice_that_may_be_worse_rejects() -> None:
    """The rejection begins with its values."""
    verdict = judge(QualityGate(slices=NoSliceWorse()), evaluation(slices=SLICES))
    ruling = only(verdict)
    assert (ruling.passed, ruling.name) == (False, f"{NAME} with 95 percent confidence")
    assert ruling.reason == (
        "1 of 3 slices may be worse: region = US: 0.87 < champion 0.88 (version 3), worse by 0.01 on 100 rows; 1 slice "
        "has too few rows to be judged"
    )
    assert str(verdict).splitlines()[0] == (
        "Rejected: F1 (region = US) 0.87 < champion 0.88 (version 3), worse by 0.01; 0 of 1 rules passed"
    )
    assert verdict.compares


def test_at_most_three_slices_are_named() -> None:
    """The worst ones; a long value is shortened."""
    slices = [part("city", f"{place}" + 50 * "x", 0.87 - place / 100) for place in range(5)]
    ruling = ruled(*slices)
    assert ruling.reason.startswith(f"5 of 5 slices may be worse: city = 4{38 * 'x'}…: 0.83 < champion 0.88 ")
    assert ruling.reason.count("city = ") == 3
    assert ruling.reason.endswith("; and 2 more")


def test_more_slices_need_more_evidence_each() -> None:
    """One slice whose p-value is 0.02 passes alone, and not beside another one with 0.02."""
    uncertain = [part("region", name, 0.88 + 2.081 * 0.01, error=0.01) for name in ("EU", "US")]
    assert ruled(uncertain[0]).passed
    assert not ruled(*uncertain).passed
    assert ruled(*uncertain, confidence=0.9).passed


@pytest.mark.parametrize(("most", "passed"), [(0, False), (1, True), (None, True)])
def test_slices_with_too_few_rows_can_be_limited(most: int | None, passed: bool) -> None:
    """By default any number may stay without a judgement."""
    verdict = judge(QualityGate(slices=NoSliceWorse(margin=0.05, most_unjudged=most)), evaluation(slices=SLICES))
    assert only(verdict).passed is passed
    if not passed:
        assert str(verdict).splitlines()[0] == (
            "Rejected: 1 slice has too few rows to be judged, and at most 0 may; 0 of 1 rules passed"
        )
    nothing = ruled(small("plan", "pro"), small("plan", "basic"), most_unjudged=most)
    assert not nothing.passed
    assert nothing.reason.startswith("no slice has enough rows to be judged; 2 slices have too few rows to be judged")


def test_models_that_predict_the_same_are_not_worse_in_any_slice() -> None:
    """Without any uncertainty an equal candidate passes, and a loss of just the margin, and no larger one."""
    assert ruled(part("region", "EU", 0.88, error=0.0)).passed
    assert ruled(part("region", "EU", 0.86, error=0.0), margin=0.02).passed
    assert not ruled(part("region", "EU", 0.86, error=0.0), margin=0.01).passed


def test_only_the_chosen_columns_are_judged() -> None:
    """A column without slices is an error that names those with slices."""
    assert ruled(by=["plan"]).passed
    assert not ruled(by=["plan", "region"]).passed
    with pytest.raises(InvalidQualityGate) as failed:
        ruled(by=["plan", "regoin"])
    assert [str(each) for each in failed.value.violations] == [
        "slices.by[1] = 'regoin' has no slices in the evaluation, which has slices of region, plan; did you mean "
        "'region'?"
    ]
    with pytest.raises(InvalidQualityGate, match="slices needs an evaluation with slices: evaluate by one or more"):
        judge(QualityGate(slices=NoSliceWorse()), evaluation())


@pytest.mark.parametrize("follows", ["pass", "reject"])
@pytest.mark.parametrize("on", ["recorded", "evaluation"])
def test_without_a_champion_slices_follow_its_rule(follows: str, on: str) -> None:
    """And pass if the gate has no such rule."""
    rule = BetterThanChampion(on=on, without_champion=follows)
    gate = QualityGate(champion=rule, slices=NoSliceWorse())
    passed = [each.passed for each in judge(gate, without_champion(slices=SLICES), None).rules]
    assert passed == 2 * [follows == "pass"]
    alone = only(judge(QualityGate(slices=NoSliceWorse()), without_champion(slices=SLICES), None))
    assert (alone.passed, alone.reason) == (True, "the group has no approved version to beat")


def test_a_champion_that_cannot_score_has_no_slices() -> None:
    """The option of its rule applies, and it fails the task by default, with one violation."""
    for rule in (None, BetterThanChampion(on="evaluation")):
        with pytest.raises(InvalidQualityGate, match="cannot predict these rows: it needs column tenure") as failed:
            judge(QualityGate(champion=rule, slices=NoSliceWorse()), cannot_score(slices=SLICES))
        assert len(failed.value.violations) == 1
    rejecting = BetterThanChampion(on="evaluation", on_champion_cannot_score="reject")
    verdict = judge(QualityGate(champion=rejecting, slices=NoSliceWorse()), cannot_score(slices=SLICES))
    assert [each.passed for each in verdict.rules] == [False, False]
