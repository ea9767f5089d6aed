"""Transform jobs without a process: quota, scripts, lists and faults, in an emulator of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from demo.sandbox import BUCKET, s3_client, sagemaker_client
from tests.support.jobs import unique
from tests.support.plain_http import send
from tests.support.transforms import output_keys, start_transform, transform_model, wait_for_transform

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_DATA = "s3://no-such-bucket/at-all/"
_COMPLETED = {"TransformJobStatus": "Completed"}


@pytest.fixture
def sagemaker(private_url: str) -> SageMakerClient:
    """A client of an emulator whose transform jobs stay in progress until they are stopped or let go."""
    _script(private_url, {"Held": True, "Ending": _COMPLETED})
    return sagemaker_client(private_url)


@pytest.fixture
def model(sagemaker: SageMakerClient) -> str:
    """A model that nobody runs."""
    return transform_model(sagemaker, [{"Image": "image:1"}])


def _script(url: str, script: dict[str, Any], pattern: str = "*", name: str = "held") -> None:
    status, answer = send(f"{url}/automl-emulator/scripts/{name}?transform-jobs={pattern}", "PUT", script)
    assert status in (200, 201), answer


def _faults(sagemaker: SageMakerClient, **faults: Any) -> None:
    status, answer = send(f"{sagemaker.meta.endpoint_url}/automl-emulator/faults", "PUT", faults)
    assert status == 200, answer


def _instances(number: int, kind: str = "ml.m5.xlarge") -> dict[str, Any]:
    return {"TransformResources": {"InstanceType": kind, "InstanceCount": number}}


def test_instances_beyond_the_quota_are_refused(sagemaker: SageMakerClient, model: str) -> None:
    """In the service's words and for each type alone; a stopped job frees its instances, and its name stays in use."""
    _faults(sagemaker, TransformInstances=2)
    first = start_transform(sagemaker, model, _DATA, **_instances(2))
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded) as refused:
        start_transform(sagemaker, model, _DATA, **_instances(1))
    assert refused.value.response["Error"]["Message"] == (
        "The account-level service limit 'ml.m5.xlarge for transform job usage' is 2 Instances, with current "
        "utilization of 2 Instances and a request delta of 1 Instances. "
        "Please use AWS Service Quotas to request an increase for this quota."
    )
    start_transform(sagemaker, model, _DATA, **_instances(2, "ml.m5.large"))
    sagemaker.stop_transform_job(TransformJobName=first)
    wait_for_transform(sagemaker, first, ("Stopped",))
    start_transform(sagemaker, model, _DATA, **_instances(1))
    _faults(sagemaker, TransformInstances=0)
    with pytest.raises(ClientError, match="is 0 Instances, with current utilization of 0 Instances"):
        start_transform(sagemaker, model, _DATA, **_instances(1, "ml.c5.xlarge"))
    send(f"{sagemaker.meta.endpoint_url}/automl-emulator/faults", "DELETE")
    with pytest.raises(ClientError, match="is 100 Instances, with current utilization of 0 Instances"):
        start_transform(sagemaker, model, _DATA, **_instances(101, "ml.c5.xlarge"))


def test_a_scripted_job_ends_as_its_script_says(sagemaker: SageMakerClient, private_url: str, model: str) -> None:
    """Failed with a reason, Stopped, or Completed without output; a held job ends when its script is deleted."""
    held = start_transform(sagemaker, model, _DATA)
    reason = "AlgorithmError: See job logs for more information"
    _script(
        private_url, {"Ending": {"TransformJobStatus": "Failed", "FailureReason": reason}}, "breaks-*", name="breaks"
    )
    _script(private_url, {"Ending": {"TransformJobStatus": "Stopped"}}, "stops-*", name="stops")
    broken, stopped = (
        wait_for_transform(sagemaker, start_transform(sagemaker, model, _DATA, TransformJobName=unique(prefix)))
        for prefix in ("breaks", "stops")
    )
    assert (broken["TransformJobStatus"], broken["FailureReason"]) == ("Failed", reason)
    assert stopped["TransformJobStatus"] == "Stopped"
    described = sagemaker.describe_transform_job(TransformJobName=held)
    assert described["TransformJobStatus"] == "InProgress"
    assert "TransformStartTime" in described
    assert sagemaker.list_tags(ResourceArn=described["TransformJobArn"])["Tags"] == [
        {"Key": "automl-emulator:script", "Value": "held"}
    ]
    assert send(f"{private_url}/automl-emulator/scripts/held", "DELETE")[0] == 204
    job = wait_for_transform(sagemaker, held)
    s3 = s3_client(private_url)
    s3.create_bucket(Bucket=BUCKET)
    assert (job["TransformJobStatus"], output_keys(s3, job)) == ("Completed", [])


def test_a_stop_takes_as_long_as_the_script_says(sagemaker: SageMakerClient, private_url: str, model: str) -> None:
    """Stopping is a state of its own, in which a second stop changes nothing."""
    _script(private_url, {"Seconds": 3600, "StoppingSeconds": 3600, "Ending": _COMPLETED}, "slow-*", name="slow")
    name = start_transform(sagemaker, model, _DATA, TransformJobName=unique("slow"))
    for _ in range(2):
        sagemaker.stop_transform_job(TransformJobName=name)
        described = sagemaker.describe_transform_job(TransformJobName=name)
        assert described["TransformJobStatus"] == "Stopping"
        assert "TransformEndTime" not in described


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({}, "Ending is required"),
        ({"Ending": {"TransformJobStatus": "InProgress"}}, "must be one of Completed, Failed, Stopped"),
        ({"Ending": {**_COMPLETED, "FailureReason": "x"}}, "only a Failed job has one"),
        ({"Ending": {"TransformJobStatus": "Failed", "FailureReason": "x" * 1025}}, "length less than or equal"),
        ({"Ending": _COMPLETED, "Seconds": -1}, "Seconds must be a number of seconds"),
        ({"Ending": _COMPLETED, "Held": 1}, "Held must be true or false"),
        ({"Ending": _COMPLETED, "Stages": []}, "The script has no member 'Stages'"),
    ],
)
def test_a_script_that_cannot_be_played_is_refused(document: dict[str, Any], problem: str, emulator_url: str) -> None:
    """With a sentence for each problem."""
    url = f"{emulator_url}/automl-emulator/scripts/{unique('bad')}?transform-jobs=no-such-job"
    status, answer = send(url, "PUT", document)
    assert status == 400
    assert problem in answer["Message"]


def test_lists_filter_sort_and_page(sagemaker: SageMakerClient, model: str) -> None:
    """By name, status and time; the newest job is first unless the request says otherwise."""
    names = [start_transform(sagemaker, model, _DATA, TransformJobName=name) for name in ("b-job", "a-job", "c-other")]
    sagemaker.stop_transform_job(TransformJobName="a-job")
    wait_for_transform(sagemaker, "a-job", ("Stopped",))

    def listed(**request: Any) -> list[str]:
        return [job["TransformJobName"] for job in sagemaker.list_transform_jobs(**request)["TransformJobSummaries"]]

    assert listed(SortBy="Name", SortOrder="Ascending") == ["a-job", "b-job", "c-other"]
    assert set(listed()) == set(names)
    assert listed(NameContains="JOB", SortBy="Name") == ["b-job", "a-job"]
    assert listed(StatusEquals="Stopped") == ["a-job"]
    created = sagemaker.describe_transform_job(TransformJobName="c-other")["CreationTime"]
    assert "c-other" not in listed(CreationTimeBefore=created)
    assert "c-other" not in listed(CreationTimeAfter=created)
    first = sagemaker.list_transform_jobs(SortBy="Status", SortOrder="Ascending", MaxResults=2)
    rest = sagemaker.list_transform_jobs(SortBy="Status", SortOrder="Ascending", NextToken=first["NextToken"])
    paged = [job["TransformJobName"] for job in [*first["TransformJobSummaries"], *rest["TransformJobSummaries"]]]
    assert paged == ["b-job", "c-other", "a-job"]
    (stopped,) = sagemaker.list_transform_jobs(StatusEquals="Stopped")["TransformJobSummaries"]
    assert stopped["TransformEndTime"] == stopped["LastModifiedTime"]


def test_faults_apply_to_transform_jobs(sagemaker: SageMakerClient, model: str) -> None:
    """A denial names the job, tags appear late, and lists lag behind."""
    _faults(sagemaker, DeniedOperations=["StopTransformJob", "ListTransformJobs"])
    name = start_transform(sagemaker, model, _DATA, Tags=[{"Key": "team", "Value": "risk"}])
    arn = sagemaker.describe_transform_job(TransformJobName=name)["TransformJobArn"]
    with pytest.raises(ClientError, match=f"sagemaker:StopTransformJob on resource: {arn} because"):
        sagemaker.stop_transform_job(TransformJobName=name)
    with pytest.raises(ClientError, match=r"on resource: arn:aws:sagemaker:us-east-1:\d+:transform-job/\* because"):
        sagemaker.list_transform_jobs()
    _faults(sagemaker, StaleTags=1, StaleListSeconds=3600)
    assert sagemaker.list_transform_jobs()["TransformJobSummaries"] == []
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
    assert {"Key": "team", "Value": "risk"} in sagemaker.list_tags(ResourceArn=arn)["Tags"]
    _faults(sagemaker, ThrottlingRate=1.0, Operations=["CreateTransformJob"])
    with pytest.raises(ClientError, match="ThrottlingException"):
        start_transform(sagemaker, model, _DATA, TransformJobName="throttled")
    _faults(sagemaker)
    assert [job["TransformJobName"] for job in sagemaker.list_transform_jobs()["TransformJobSummaries"]] == [name]
