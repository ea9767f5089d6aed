"""What the job operator and the sensor make of a job that has a model, and not all that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import SageMakerAutoMLJobOperator, SageMakerAutoMLJobSensor
from tests.support.jobs import tabular_request, unique
from tests.support.plain_http import send

if TYPE_CHECKING:
    from collections.abc import Callable

CANDIDATE = {
    "CandidateName": "m",
    "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Type": "Maximize", "Value": 0.8},
}


@pytest.fixture
def scripted(emulator_url: str) -> Callable[..., str]:
    """Make the name of a job that goes on to an ending, by way of stages that real jobs show."""

    def script(**ending: Any) -> str:
        name = unique("job")
        stages = ("ModelTuning", "MergingAutoMLTaskReports", "DeployingModel")
        document = {
            "Stages": [{"AutoMLJobSecondaryStatus": stage, "Seconds": 0.3} for stage in stages],
            "Candidates": [{"Candidate": CANDIDATE}],
            "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "m", **ending},
        }
        status, answer = send(f"{emulator_url}/automl-emulator/scripts/{name}?job-names={name}", "PUT", document)
        assert status == 201, answer
        return name

    return script


def train(name: str, context: Any, **options: Any) -> Any:
    """Run a job that is to be deployed, then look at it with a sensor; both say the same."""
    request = {
        **tabular_request("s3://no-such-bucket/at-all/"),
        "ModelDeployConfig": {"AutoGenerateEndpointName": True},
    }
    operator = SageMakerAutoMLJobOperator(
        task_id="train", request=request, job_name=name, deferrable=False, poll_interval=0.1, **options
    )
    sensor = SageMakerAutoMLJobSensor(task_id="watch", job_name=name, deferrable=False, poke_interval=0.1, **options)
    results = []
    for task in (operator, sensor):
        try:
            results.append(task.execute(context))
        except AirflowFailException as error:
            results.append(str(error))
    assert results[0] == results[1]
    return results[0]


def test_a_job_that_has_deployed_names_its_endpoint(
    context: Any, scripted: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """In the result and in the log, without a warning; a stage that no documentation lists changes nothing."""
    name = scripted(ModelDeployResult={"EndpointName": "name-made-by-the-service"})
    result = train(name, context, on_deployment_failure="fail")
    assert (result["outcome"], result["endpoint_name"]) == ("model", "name-made-by-the-service")
    assert result["failed_parts"] == []
    said = capsys.readouterr().out
    assert said.count(f"AutoML job {name} deployed its model to endpoint name-made-by-the-service") == 2
    assert " failed" not in said


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        (
            {"AutoMLJobSecondaryStatus": "ModelDeploymentError"},
            "the service reports ModelDeploymentError and gives no reason",
        ),
        (
            {
                "AutoMLJobStatus": "Failed",
                "AutoMLJobSecondaryStatus": "ModelDeploymentError",
                "FailureReason": "No room.",
            },
            "No room.",
        ),
        ({"PartialFailureReasons": [{"PartialFailureMessage": "Deployment failed."}]}, "Deployment failed."),
        ({"ModelDeployResult": {}}, "ModelDeployConfig requests an endpoint, but there is none"),
        ({}, "ModelDeployConfig requests an endpoint, but there is none"),
    ],
)
def test_a_deployment_that_failed_is_no_plain_success(
    ending: dict[str, Any], message: str, context: Any, scripted: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """However the service says so: the log warns, outcome and result tell it, and an option refuses it."""
    name = scripted(**ending)
    result = train(name, context)
    assert (result["outcome"], result["endpoint_name"]) == ("model_not_deployed", None)
    assert result["failed_parts"] == [{"part": "deployment", "message": message}]
    assert capsys.readouterr().out.count(f"A part of AutoML job {name} failed, deployment: {message}") == 2
    other = scripted(**ending)
    refusal = train(other, context, on_deployment_failure="fail")
    assert refusal.startswith(f"AutoML job {other} has a model, but it is not deployed (on_deployment_failure=")
