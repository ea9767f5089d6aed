"""What goes wrong while the sensor waits: what passes ends no wait, and what does not is said at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from airflow_sagemaker_automl import AutoMLJobUnfinished, ServiceUnavailable
from demo.sandbox import airflow_environment
from tests.support.jobs import start
from tests.support.plain_http import send
from tests.support.tasks import changed
from tests.support.watching import MODES, REQUEST, after_the_first_look, ended, resume, sensor, waits_on

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_sagemaker import SageMakerClient


def faults(account: SageMakerClient, **members: Any) -> None:
    """Put faults in force in place of others."""
    status, answer = send(f"{account.meta.endpoint_url}/automl-emulator/faults", "PUT", members)
    assert status == 200, answer


@pytest.mark.parametrize(
    "trouble",
    [{"ThrottlingRate": 1}, {"InternalFailureRate": 1}, {"ServiceUnavailableRate": 1}, {"ExpiredTokens": "All"}],
    ids=lambda trouble: next(iter(trouble)),
)
def test_trouble_that_passes_ends_no_wait(
    trouble: dict[str, Any], context: Any, account: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even at the first look; each look that failed is in the log."""
    ended(account, "model")
    faults(account, **trouble)
    for name in ("reschedule", "deferrable"):
        waits_on(sensor(**MODES[name]), context)
    calm = after_the_first_look(account, lambda: send(f"{account.meta.endpoint_url}/automl-emulator/faults", "DELETE"))
    assert sensor().execute(context)["outcome"] == "model"
    calm.join()
    assert "AutoML job job could not be described, retrying" in capsys.readouterr().out


def test_a_connection_that_was_renewed_is_read_again(
    context: Any, account: SageMakerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sensor that pokes for days outlives its credentials."""
    ended(account, "model")
    faults(account, ExpiredTokens=["emulator"])
    connection = airflow_environment(tmp_path, account.meta.endpoint_url)["AIRFLOW_CONN_AWS_DEFAULT"]
    renewed = json.dumps({**json.loads(connection), "login": "renewed"})
    renewal = after_the_first_look(account, lambda: monkeypatch.setenv("AIRFLOW_CONN_PRIVATE", renewed))
    assert sensor().execute(context)["outcome"] == "model"
    renewal.join()


def test_a_service_that_goes_away_for_a_while_ends_no_wait(
    context: Any, account: SageMakerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once it has answered, it may stay away until the sensor's timeout."""
    start(account, REQUEST, "job")

    def be_away_until_the_job_has_stopped() -> None:
        # The next four looks meet it, and the fifth does not.
        faults(account, DroppedRequestRate=0.8, Seed=10, Operations=["DescribeAutoMLJobV2"])
        account.stop_auto_ml_job(AutoMLJobName="job")

    going = after_the_first_look(account, be_away_until_the_job_has_stopped)
    with pytest.raises(AirflowFailException, match="was stopped"):
        sensor().execute(context)
    going.join()
    assert "could not be described, retrying: Connection was closed" in capsys.readouterr().out


def test_a_rescheduled_sensor_knows_that_the_service_has_answered(context: Any, account: SageMakerClient) -> None:
    """It remembers nothing itself, but had it not been answered at first, it would not have been rescheduled."""
    faults(account, DroppedRequestRate=1)
    waits_on(sensor(**MODES["reschedule"]), changed(context, first_rescheduled=datetime.now(UTC)))


def test_a_wrong_endpoint_is_found_out_at_the_first_look(mode: dict[str, Any], context: Any, nowhere: str) -> None:
    """The error names the connection and what to look at, and a retry may help; nothing pokes for days in silence."""
    with pytest.raises(ServiceUnavailable, match=r"connection 'nowhere'.*endpoint_url"):
        sensor(**mode, aws_conn_id=nowhere).execute(context)


def test_airflows_options_for_errors_apply(
    mode: dict[str, Any], context: Any, nowhere: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """``soft_fail`` is about endings only, ``never_fail`` about every error, ``silent_fail`` goes on, and logs."""
    with pytest.raises(ServiceUnavailable):
        sensor(**mode, aws_conn_id=nowhere, soft_fail=True).execute(context)
    with pytest.raises(AirflowSkipException):
        sensor(**mode, aws_conn_id=nowhere, never_fail=True).execute(context)
    with pytest.raises(AirflowSensorTimeout):
        sensor(**mode, aws_conn_id=nowhere, silent_fail=True, timeout=0).execute(context)
    assert "connection 'nowhere'" in capsys.readouterr().out


def test_a_triggerer_that_may_not_see_the_job_gives_the_task_back(context: Any, account: SageMakerClient) -> None:
    """The error says what the triggerer lacks, and a retry may help; ``never_fail`` skips."""
    start(account, REQUEST, "job")
    with pytest.raises(AutoMLJobUnfinished, match="sagemaker:DescribeAutoMLJobV2"):
        resume(sensor(deferrable=True), context, "unreadable")
    with pytest.raises(AirflowSkipException):
        resume(sensor(deferrable=True, never_fail=True), context, "unreadable")


def test_who_may_not_look_is_told_at_once(mode: dict[str, Any], context: Any, account: SageMakerClient) -> None:
    """With the service's words, which name the right that is missing."""
    start(account, REQUEST, "job")
    faults(account, DeniedOperations=["DescribeAutoMLJobV2"])
    with pytest.raises(AirflowFailException, match="not authorized to perform: sagemaker:DescribeAutoMLJobV2"):
        sensor(**mode).execute(context)
