"""The task that looks for the group of the champion before anything is trained, and what it asks for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import SageMakerCheckGroupOperator
from tests.support.gating import BETTER, faulty, requests
from tests.support.jobs import unique
from tests.support.versions import make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def check(group: Any, gate: Any = BETTER, **arguments: Any) -> SageMakerCheckGroupOperator:
    """Make the operator under test."""
    return SageMakerCheckGroupOperator(task_id="check_group", model_package_group_name=group, gate=gate, **arguments)


@pytest.mark.parametrize("approvals", [0, 3])
def test_a_group_that_exists_costs_one_call(
    approvals: int, context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """With or without an approved version: it is visible, and the gate will compare."""
    group = make_group(sagemaker)
    for _ in range(approvals):
        register(sagemaker, group, ModelApprovalStatus="Approved")
    requests(emulator_url)
    check(group).execute(context)
    assert requests(emulator_url) == {"ListModelPackages": 1}


def test_a_group_that_does_not_exist_fails_the_task_unless_it_may_be_new(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without retries, and with the nearest name; a first run goes on, and says so."""
    group = make_group(sagemaker)
    with pytest.raises(AirflowFailException, match=f"'{group}x' does not exist in region us-east-1; .* mean '{group}'"):
        check(f"{group}x").execute(context)
    check(f"{group}x", may_be_new_group=True).execute(context)
    assert f"Model package group {group}x does not exist in region us-east-1 yet" in capsys.readouterr().out


def test_a_suggestion_is_of_the_same_account(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """A group of this account is not meant by the ARN of a group of another one, of which nothing is known."""
    group = make_group(sagemaker)
    arn = f"arn:aws:sagemaker:us-east-1:210987654321:model-package-group/{group}x"
    with pytest.raises(AirflowFailException, match="Access is denied") as failed:
        check(arn).execute(context)
    assert "did you mean" not in str(failed.value)


@pytest.mark.parametrize("may_be_new_group", [False, True])
def test_a_group_that_is_not_visible_always_fails_the_task(
    may_be_new_group: bool, context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """It cannot be known to be new."""
    with (
        faulty(emulator_url, DeniedOperations=["ListModelPackages"]),
        pytest.raises(AirflowFailException, match=r"cannot be read\. Access is denied.*sagemaker:ListModelPackages"),
    ):
        check(unique("group"), may_be_new_group=may_be_new_group).execute(context)


def test_a_gate_that_compares_with_nobody_needs_no_group(context: Any, emulator_url: str) -> None:
    """A template may become such a gate; nothing is asked then."""
    requests(emulator_url)
    check("no-such-group", '{"most_partial_failures": 0}').execute(context)
    assert requests(emulator_url) == {}


def test_what_templates_have_become_is_judged_before_the_training(context: Any, emulator_url: str) -> None:
    """A gate or a name that the gate operator would refuse hours later is refused now."""
    requests(emulator_url)
    wrong = check("{{ later }}", {"champion": {"margin": "{{ later }}"}})
    wrong.model_package_group_name, wrong.gate = "a_group", {"champion": {"margin": "much"}}
    with pytest.raises(AirflowFailException) as failed:
        wrong.execute(context)
    assert "model_package_group_name = 'a_group' must be the name or ARN" in str(failed.value)
    assert "gate.champion.margin = 'much' must be a number" in str(failed.value)
    assert requests(emulator_url) == {}
