"""What is secret is shown by no trigger, no error and no question to a person."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk._shared.secrets_masker import redact
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time import task_runner

from airflow_sagemaker_automl import SageMakerAutoMLJobOperator, SageMakerStopAutoMLJobOperator
from airflow_sagemaker_automl.hooks.masking import mask_proxy_passwords
from airflow_sagemaker_automl.triggers.approvals import ModelApprovalsTrigger
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger, CapacityTrigger
from airflow_sagemaker_automl.triggers.model_packages import ModelApprovalTrigger, ModelPackageTrigger
from tests.support.asking import Asking, Form, ask, operator
from tests.support.jobs import tabular_request, unique
from tests.support.tasks import Store, TaskInstance, new_context
from tests.support.versions import make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3"
PROXY = "canary/of+the-proxy"
CONNECTION: Any = {
    "aws_conn_id": "by-proxy",
    "region_name": "us-east-1",
    "verify": None,
    # As it has to be written in a URL.
    "botocore_config": {"proxies": {"http": "http://somebody:canary%2Fof+the-proxy@127.0.0.1:9"}},
}
WAITS: Any = {"connection": CONNECTION, "poll_interval": 60.0}
TRIGGERS = [
    AutoMLJobTrigger(job_name="job", **WAITS),
    CapacityTrigger(job_name="job", waiting_since=0.0, limit=1, **WAITS),
    ModelPackageTrigger(model_package_arn=ARN, **WAITS),
    ModelApprovalTrigger(model_package_arn=ARN, **WAITS),
    ModelApprovalsTrigger(group="churn", poll_interval=60.0, **CONNECTION),
]


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: type(trigger).__name__)
def test_a_trigger_shows_what_it_is_for_and_no_configuration(trigger: Any) -> None:
    """Airflow writes it into logs and errors; its arguments are whole all the same."""
    shown = repr(trigger)
    assert "canary" not in shown
    assert type(trigger).__name__ in shown
    assert "churn" in shown or "job_name=job" in shown
    assert "by-proxy" in shown
    assert "canary" in str(trigger.serialize())


def test_the_error_of_a_proxy_does_not_show_its_password(
    emulator_url: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does the log, whose lines have the password as it is written and as it is."""
    task = SageMakerStopAutoMLJobOperator(
        task_id="stop",
        job_name="job",
        deferrable=False,
        aws_conn_id=None,
        region_name="us-east-1",
        botocore_config={**CONNECTION["botocore_config"], "retries": {"total_max_attempts": 1}},
    )
    context: Any = {"ti": TaskInstance(dag_id="dag", task_id="stop", run_id=unique("run"))}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "canary-key")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
        environment.setenv("AWS_ENDPOINT_URL_SAGEMAKER", "http://127.0.0.1:10")
        with pytest.raises(Exception, match=r"(?i)proxy") as failed:
            task.execute(context)
    shown = "".join([*traceback.format_exception(failed.value), *capsys.readouterr(), caplog.text])
    assert "canary" not in shown
    assert redact([PROXY, "canary%2Fof+the-proxy", "proxies"]) == ["***", "***", "proxies"]


def test_a_secret_is_not_handed_to_a_trigger() -> None:
    """Airflow stores the arguments of a task's trigger in the clear, so that the task fails before it starts a job."""
    task = SageMakerAutoMLJobOperator(
        task_id="train",
        request=tabular_request("s3://bucket/data/"),
        deferrable=True,
        botocore_config=CONNECTION["botocore_config"],
    )
    context: Any = new_context("dag", "train", unique("run"))
    with pytest.raises(AirflowFailException, match=r"config_kwargs of the connection's extra") as failed:
        task.execute(context)
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize(
    "proxies", [None, "{{ var.value.proxies }}", {"http": None}, {"http": "http://[::1"}, {"http": "proxy:80"}]
)
def test_what_is_no_proxy_with_a_password_is_left_alone(proxies: Any) -> None:
    """Templates, mistakes and proxies without one are for botocore to judge."""
    mask_proxy_passwords({"proxies": proxies})
    assert redact(str(proxies)) == str(proxies)


def test_the_question_to_a_person_has_no_environment(
    sagemaker: SageMakerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People put secrets there; what is asked is stored, and shown to all who may answer."""
    form, store = Form(), Store()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", form, raising=False)
    container = {"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"API_KEY": "canary"}}
    specification: Any = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    arn = register(
        sagemaker,
        make_group(sagemaker),
        InferenceSpecification=specification,
        ModelApprovalStatus="PendingManualApproval",
    )
    ti = Asking(dag_id=unique("dag"), task_id="approve", run_id=unique("run"), max_tries=2)
    ask(operator(arn), {"ti": ti, "task_instance": ti, "task_state_store": store})
    assert form.shown is not None
    assert arn in str(form.shown.body)
    assert "canary" not in f"{form.shown} {store.kept} {ti.pushed}"
