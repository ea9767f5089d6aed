"""What is read after a write may be as it was before: whoever writes waits until the write is to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.context import OutletEventAccessors

from airflow_sagemaker_automl import SageMakerUpdateModelPackageOperator, ServiceUnavailable, approved
from tests.support.asking import Asking, Form, answer
from tests.support.gating import faulty, registration
from tests.support.jobs import unique
from tests.support.tasks import Store
from tests.support.timing import SetTiming
from tests.support.versions import described, make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture
def group(sagemaker: SageMakerClient) -> str:
    """A group of its own."""
    return make_group(sagemaker)


@pytest.fixture
def version(sagemaker: SageMakerClient, group: str) -> str:
    """ARN of a version that nobody has decided on."""
    return register(sagemaker, group)


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The context of a task that may ask, and tell assets."""
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Form(), raising=False)
    ti = Asking(dag_id=unique("dag"), task_id="approve", run_id=unique("run"))
    outlets = OutletEventAccessors()
    return {"ti": ti, "task_instance": ti, "task_state_store": Store(), "outlet_events": outlets}


def update(arn: str, **arguments: Any) -> SageMakerUpdateModelPackageOperator:
    """Make the operator that changes a version."""
    return SageMakerUpdateModelPackageOperator(task_id="update", model_package_arn=arn, **arguments)


def test_an_approval_is_told_as_one_though_it_shows_late(
    context: Any, version: str, group: str, emulator_url: str
) -> None:
    """The result is what was asked for, and whoever waits for the approval is told."""
    task = update(version, approval_status="Approved", outlets=[approved(group)])
    with faulty(emulator_url, StaleDescriptions=2):
        result = task.execute(context)
    assert result["approval_status"] == "Approved"
    assert [line["after"] for line in result["changed"]] == ["Approved"]
    assert context["outlet_events"][approved(group)].extra["model_package_arn"] == version


def test_an_answer_is_told_as_one_though_it_shows_late(context: Any, version: str, emulator_url: str) -> None:
    """A green task never says that a version is approved and pending at once."""
    with faulty(emulator_url, StaleDescriptions=2):
        result = answer(version, context)
    assert (result["outcome"], result["approval_status"]) == ("approved", "Approved")


def test_a_card_that_shows_late_was_overwritten_by_nobody(
    context: Any, version: str, emulator_url: str, sagemaker: SageMakerClient
) -> None:
    """It is sent once, and the task does not blame anybody."""
    with faulty(emulator_url, StaleDescriptions=4):
        update(version, model_card={"intended_uses": {"purpose_of_model": "Tests"}}).execute(context)
    assert "purpose_of_model" in described(sagemaker, version)["ModelCard"]["ModelCardContent"]


def test_what_is_set_after_a_registration_may_show_late(context: Any, completed_job: str, emulator_url: str) -> None:
    """The source of a completed version, for one."""
    task = registration(completed_job, unique("group"), source_uri="s3://bucket/model/")
    with faulty(emulator_url, StaleDescriptions=2):
        assert task.execute(context)["model_package_status"] == "Completed"


def test_a_change_that_never_shows_fails_so_that_a_retry_helps(
    context: Any, version: str, emulator_url: str, set_timing: SetTiming
) -> None:
    """Nobody is told of an approval that cannot be seen; the retry finds it, and tells."""
    set_timing(update_visible=0.5)
    task = update(version, approval_status="Approved")
    with (
        faulty(emulator_url, StaleDescriptions=1000),
        pytest.raises(ServiceUnavailable, match="A retry checks again"),
    ):
        task.execute(context)
    assert task.execute(context)["approval_status"] == "Approved"
