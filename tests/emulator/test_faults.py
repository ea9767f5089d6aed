"""Faults are switched on and off over HTTP, and SageMaker clients meet exactly these faults."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from airflow_sagemaker_automl.emulator import faults
from airflow_sagemaker_automl.emulator.faults import Faults
from demo.sandbox import REGION
from tests.support.jobs import ROLE, start, tabular_request, wait
from tests.support.plain_http import hold_jobs, send
from tests.support.versions import described, make_group, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_REQUEST = tabular_request("s3://no-such-bucket/at-all/")
_ONCE = Config(retries={"total_max_attempts": 1})

Put = Callable[[dict[str, Any]], dict[str, Any]]


def _client(url: str, key: str = "emulator", config: Config = _ONCE, token: str | None = None) -> SageMakerClient:
    session = boto3.Session(key, "secret", token, region_name=REGION)
    return session.client("sagemaker", endpoint_url=url, config=config)


def _eventually(condition: Callable[[], Any], seconds: float = 300) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not so within {seconds} s")


def _listed(sagemaker: SageMakerClient) -> dict[str, str]:
    summaries = sagemaker.list_auto_ml_jobs()["AutoMLJobSummaries"]
    return {summary["AutoMLJobName"]: summary["AutoMLJobStatus"] for summary in summaries}


@pytest.fixture
def sagemaker(private_url: str) -> SageMakerClient:
    """A client without retries, for an emulator whose jobs run until they are stopped."""
    hold_jobs(private_url)
    return _client(private_url)


@pytest.fixture
def put(private_url: str) -> Put:
    """Put faults and return the emulator's answer."""

    def put_faults(document: dict[str, Any]) -> dict[str, Any]:
        status, in_force = send(f"{private_url}/automl-emulator/faults", "PUT", document)
        assert status == 200, in_force
        return dict(in_force)

    return put_faults


@pytest.mark.parametrize(
    ("rate", "code", "status", "words"),
    [
        ("ThrottlingRate", "ThrottlingException", 400, "Rate exceeded"),
        ("InternalFailureRate", "InternalFailure", 500, "unknown error"),
        ("ServiceUnavailableRate", "ServiceUnavailable", 503, "temporary failure"),
    ],
)
def test_a_service_that_fails_does_nothing(
    rate: str, code: str, status: int, words: str, sagemaker: SageMakerClient, put: Put
) -> None:
    """The error has its code and status for every operation, and no job is created."""
    put({rate: 1})
    with pytest.raises(ClientError, match=words) as failed:
        start(sagemaker, _REQUEST, "first")
    assert failed.value.response["Error"]["Code"] == code
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    with pytest.raises(ClientError, match=words):
        sagemaker.list_experiments()
    put({})
    assert _listed(sagemaker) == {}


def test_a_seed_fixes_what_chance_brings(sagemaker: SageMakerClient, put: Put) -> None:
    """With a seed the same requests meet the same faults, and a rate of 0.5 affects only some of them."""

    def outcomes() -> list[str]:
        put({"ThrottlingRate": 0.5, "InternalFailureRate": 0.2, "Seed": 7})
        met = []
        for _ in range(20):
            try:
                sagemaker.list_auto_ml_jobs()
            except ClientError as error:
                met.append(error.response["Error"]["Code"])
            else:
                met.append("")
        return met

    first = outcomes()
    assert set(first) == {"", "ThrottlingException", "InternalFailure"}
    assert outcomes() == first


def test_rates_and_latency_may_concern_some_operations(sagemaker: SageMakerClient, put: Put) -> None:
    """Operations that are not listed are not affected."""
    start(sagemaker, _REQUEST, "first")
    put({"ThrottlingRate": 1, "LatencySeconds": 3600, "Operations": ["StopAutoMLJob"]})
    assert _listed(sagemaker) == {"first": "InProgress"}
    assert sagemaker.describe_auto_ml_job_v2(AutoMLJobName="first")["AutoMLJobStatus"] == "InProgress"


def test_an_answer_waits_after_its_request_was_handled(private_url: str, sagemaker: SageMakerClient, put: Put) -> None:
    """The job exists while its answer is delayed, other requests are answered, and the delay ends with the faults."""
    put({"LatencySeconds": 3600, "Operations": ["CreateAutoMLJobV2"]})
    patient = _client(private_url, config=Config(read_timeout=120, retries={"total_max_attempts": 1}))
    with ThreadPoolExecutor() as pool:
        creating = pool.submit(start, patient, _REQUEST, "first")
        _eventually(lambda: _listed(sagemaker) == {"first": "InProgress"})
        assert not creating.done()
        assert send(f"{private_url}/automl-emulator/faults", "DELETE") == (204, None)
        assert creating.result(timeout=60) == "first"


def test_a_client_may_be_gone_before_the_answer(private_url: str, sagemaker: SageMakerClient, put: Put) -> None:
    """The job continues if its client disconnects before the answer."""
    put({"LatencySeconds": 3600, "Operations": ["CreateAutoMLJobV2"]})
    impatient = _client(private_url, config=Config(read_timeout=1, retries={"total_max_attempts": 1}))
    with pytest.raises(ReadTimeoutError):
        start(impatient, _REQUEST, "first")
    _eventually(lambda: _listed(sagemaker) == {"first": "InProgress"})


def test_a_dropped_request_has_no_effect(sagemaker: SageMakerClient, put: Put) -> None:
    """The connection is closed without an answer, and no job is created."""
    put({"DroppedRequestRate": 1, "Operations": ["CreateAutoMLJobV2"]})
    with pytest.raises(ConnectionClosedError):
        start(sagemaker, _REQUEST, "first")
    assert _listed(sagemaker) == {}


def test_a_dropped_answer_leaves_its_effect(sagemaker: SageMakerClient, put: Put) -> None:
    """The connection is closed without an answer, and the job is created."""
    put({"DroppedAnswerRate": 1, "Operations": ["CreateAutoMLJobV2"]})
    with pytest.raises(ConnectionClosedError):
        start(sagemaker, _REQUEST, "first")
    assert _listed(sagemaker) == {"first": "InProgress"}


@pytest.mark.parametrize(
    "rate",
    ["DroppedRequestRate", "DroppedAnswerRate", "ThrottlingRate", "InternalFailureRate", "ServiceUnavailableRate"],
)
def test_boto3_gets_through_what_it_retries(rate: str, private_url: str, put: Put) -> None:
    """boto3 treats the faults as errors that it retries."""
    stubborn = _client(private_url, config=Config(retries={"mode": "standard"}))
    put({rate: 0.5, "Seed": 1})  # This affects the first request and not the second.
    assert stubborn.list_auto_ml_jobs()["ResponseMetadata"]["RetryAttempts"] == 1


def test_any_token_can_expire(sagemaker: SageMakerClient, put: Put) -> None:
    """The error code is the one that clients of such services see."""
    put({"ExpiredTokens": "All"})
    with pytest.raises(ClientError, match="security token included in the request is expired") as expired:
        sagemaker.list_auto_ml_jobs()
    assert expired.value.response["Error"]["Code"] == "ExpiredTokenException"


def test_a_renewed_token_is_good(private_url: str, put: Put) -> None:
    """Used tokens of an assumed role expire, and the role can be assumed again."""
    sts = boto3.Session("emulator", "emulator", region_name=REGION).client("sts", endpoint_url=private_url)

    def assumed() -> SageMakerClient:
        credentials = sts.assume_role(RoleArn=ROLE, RoleSessionName="session")["Credentials"]
        return _client(private_url, credentials["AccessKeyId"], token=credentials["SessionToken"])

    before = assumed()
    before.list_auto_ml_jobs()
    put({"ExpiredTokens": "Known"})
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        before.list_auto_ml_jobs()
    assert assumed().list_auto_ml_jobs()["AutoMLJobSummaries"] == []


def test_a_reset_forgets_the_keys_that_were_known(private_url: str, put: Put) -> None:
    """Keys that were used before the reset do not expire."""
    client = _client(private_url)
    client.list_auto_ml_jobs()
    assert send(f"{private_url}/moto-api/reset", "POST")[0] == 200
    put({"ExpiredTokens": "Known"})
    assert _listed(client) == {}


def test_one_access_key_can_expire(private_url: str, put: Put) -> None:
    """Other keys stay valid."""
    put({"ExpiredTokens": ["old", "older"]})
    for key in ("old", "older"):
        with pytest.raises(ClientError, match="ExpiredTokenException"):
            _client(private_url, key).list_auto_ml_jobs()
    assert _listed(_client(private_url, "fresh")) == {}


def test_a_stale_list_shows_what_was(sagemaker: SageMakerClient, put: Put) -> None:
    """A new job is missing and an ended one still in progress, also for filters; descriptions are current."""
    start(sagemaker, _REQUEST, "first")
    put({"StaleListSeconds": 3600})
    assert _listed(sagemaker) == {}
    time.sleep(0.5)
    sagemaker.stop_auto_ml_job(AutoMLJobName="first")
    job = wait(sagemaker, "first")
    assert job["AutoMLJobStatus"] == "Stopped"
    between = job["CreationTime"] + (job["EndTime"] - job["CreationTime"]) / 2

    def listed_as_of_between() -> list[Any]:
        put({"StaleListSeconds": (datetime.now(UTC) - between).total_seconds()})
        return sagemaker.list_auto_ml_jobs(StatusEquals="InProgress")["AutoMLJobSummaries"]

    (stale,) = _eventually(listed_as_of_between)
    assert (stale["AutoMLJobName"], stale["AutoMLJobSecondaryStatus"]) == ("first", "TrainingModels")
    assert "EndTime" not in stale
    assert stale["LastModifiedTime"] < job["LastModifiedTime"]
    put({})
    assert _listed(sagemaker) == {"first": "Stopped"}


def test_descriptions_can_lag_behind_an_update(sagemaker: SageMakerClient, put: Put) -> None:
    """After each update two descriptions show the former state, then the current one."""
    arn = register(sagemaker, make_group(sagemaker))
    put({"StaleDescriptions": 2})
    seen = []
    for status in ("Approved", "Rejected"):
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)
        seen += [described(sagemaker, arn)["ModelApprovalStatus"] for _ in range(3)]
    pending = "PendingManualApproval"
    assert seen == [pending, pending, "Approved", "Approved", "Approved", "Rejected"]


def test_tags_can_arrive_late(sagemaker: SageMakerClient, put: Put) -> None:
    """The first lists of a job's tags are empty."""
    put({"StaleTags": 2})
    sagemaker.create_auto_ml_job_v2(AutoMLJobName="late", **{**_REQUEST, "Tags": [{"Key": "team", "Value": "risk"}]})
    arn = sagemaker.describe_auto_ml_job_v2(AutoMLJobName="late")["AutoMLJobArn"]
    seen = [[tag["Key"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]] for _ in range(3)]
    assert seen[:2] == [[], []]
    assert "team" in seen[2]


def test_operations_can_be_denied(sagemaker: SageMakerClient, put: Put) -> None:
    """The error names user, action and resource as on AWS; other operations are allowed."""
    start(sagemaker, _REQUEST, "first")
    put({"DeniedOperations": ["ListAutoMLJobs", "StopAutoMLJob", "ListTags"]})
    with pytest.raises(ClientError) as denied:
        sagemaker.list_auto_ml_jobs()
    assert denied.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": "User: arn:aws:iam::123456789012:user/emulator is not authorized to perform: "
        "sagemaker:ListAutoMLJobs on resource: arn:aws:sagemaker:us-east-1:123456789012:automl-job/* because no "
        "identity-based policy allows the sagemaker:ListAutoMLJobs action",
    }
    with pytest.raises(ClientError, match=r"AccessDeniedException.*:automl-job/first because"):
        sagemaker.stop_auto_ml_job(AutoMLJobName="first")
    job = sagemaker.describe_auto_ml_job_v2(AutoMLJobName="first")
    assert job["AutoMLJobStatus"] == "InProgress"
    with pytest.raises(ClientError, match=f"AccessDeniedException.* on resource: {job['AutoMLJobArn']} because"):
        sagemaker.list_tags(ResourceArn=job["AutoMLJobArn"])


def test_resources_can_be_denied(sagemaker: SageMakerClient, put: Put) -> None:
    """Access to a single resource, for example one version of a group, can be denied."""
    group = make_group(sagemaker)
    arns = [register(sagemaker, group) for _ in range(2)]
    put({"DeniedOperations": ["DescribeModelPackage"], "DeniedResources": [arns[0]]})
    with pytest.raises(ClientError, match=r"AccessDeniedException.*sagemaker:DescribeModelPackage"):
        described(sagemaker, arns[0])
    assert described(sagemaker, arns[1])["ModelPackageArn"] == arns[1]
    sagemaker.update_model_package(ModelPackageArn=arns[0], ModelApprovalStatus="Approved")


def test_faults_end_by_themselves(private_url: str, sagemaker: SageMakerClient, put: Put) -> None:
    """After their duration all faults end, including the quota."""
    assert 0 < put({"ThrottlingRate": 1, "ConcurrentJobs": 0, "ForSeconds": 1})["SecondsLeft"] <= 1
    url = f"{private_url}/automl-emulator/faults"
    nothing = {"Faults": {}, "ConcurrentJobs": 2, "SecondsLeft": None}
    _eventually(lambda: send(url, "GET") == (200, nothing))
    assert start(sagemaker, _REQUEST, "first") == "first"


def test_answers_are_held_back_no_longer_than_faults_last(
    private_url: str, sagemaker: SageMakerClient, put: Put
) -> None:
    """A latency of an hour in faults that last a second delays an answer by a second."""
    put({"LatencySeconds": 3600, "ForSeconds": 1})
    assert _listed(sagemaker) == {}
    _eventually(lambda: send(f"{private_url}/automl-emulator/faults", "GET")[1]["Faults"] == {})


def test_faults_concern_sagemaker_alone(private_url: str, put: Put) -> None:
    """S3, STS and the control interface are not affected, and a reset ends all faults."""
    document = {"DroppedRequestRate": 1, "ExpiredTokens": "All", "ThrottlingRate": 1}
    put(document)
    session = boto3.Session("emulator", "emulator", region_name=REGION)
    s3 = session.client("s3", endpoint_url=private_url, config=_ONCE)
    sts = session.client("sts", endpoint_url=private_url, config=_ONCE)
    assert s3.create_bucket(Bucket="goes-on")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert sts.get_caller_identity()["Account"] == "123456789012"
    assert send(f"{private_url}/automl-emulator/faults", "GET")[1]["Faults"] == document
    assert send(f"{private_url}/moto-api/reset", "POST")[0] == 200
    assert send(f"{private_url}/automl-emulator/faults", "GET")[1]["Faults"] == {}
    assert _listed(_client(private_url)) == {}


def test_a_document_with_mistakes_changes_nothing(private_url: str, put: Put) -> None:
    """All problems are named in one error, and the current faults stay in effect."""
    before = put({"ConcurrentJobs": 3})
    url = f"{private_url}/automl-emulator/faults"
    wrong = {"ThrottlingRate": 2, "Throttling": 1, "Operations": ["ListAutoMLJob", "Stop"], "ConcurrentJobs": -1}
    status, refusal = send(url, "PUT", wrong)
    assert (status, len(refusal["Problems"])) == (400, 5)
    assert refusal["Message"] == " ".join(refusal["Problems"])
    assert send(url, "GET") == (200, before)
    assert send(url, "POST", {})[0] == 405


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"{", "cannot be read as JSON"),
        (b'{"ThrottlingRate": NaN}', "is not a JSON number"),
        ([], "must be a JSON object"),
        ({"Latency": 1}, "There is no fault 'Latency'; valid are: CompleteObjectives, ConcurrentJobs, "),
        ({"DroppedRequestRate": True}, "DroppedRequestRate must be a share of requests, from 0 to 1, not True"),
        ({"DroppedAnswerRate": -0.1}, "DroppedAnswerRate must be a share"),
        ({"LatencySeconds": "1"}, "LatencySeconds must be a number of seconds, from 0 to 86400, not '1'"),
        ({"StaleListSeconds": 1e9}, "StaleListSeconds must be a number of seconds"),
        ({"ForSeconds": -1}, "ForSeconds must be a number of seconds"),
        ({"Operations": []}, "Operations must be a list of one or more operations, not []"),
        ({"DeniedOperations": "ListAutoMLJobs"}, "DeniedOperations must be a list of one or more operations"),
        ({"DeniedOperations": ["list_auto_ml_jobs"]}, "SageMaker has no operation 'list_auto_ml_jobs'"),
        ({"DeniedResources": "arn"}, "DeniedResources must be a list of one or more names or ARNs, not 'arn'"),
        ({"ExpiredTokens": "all"}, "ExpiredTokens must be 'All', 'Known' or a list of one or more access keys"),
        ({"ExpiredTokens": [1]}, "ExpiredTokens must be"),
        ({"ConcurrentJobs": 1.5}, "ConcurrentJobs must be a whole number, 0 or more, not 1.5"),
        ({"StaleTags": -1}, "StaleTags must be a whole number, 0 or more, not -1"),
        ({"StaleDescriptions": True}, "StaleDescriptions must be a whole number, 0 or more, not True"),
        ({"TokensNotCompared": 1}, "TokensNotCompared must be true or false, not 1"),
        ({"CompleteObjectives": "yes"}, "CompleteObjectives must be true or false, not 'yes'"),
        ({"Seed": "now"}, "Seed must be a whole number"),
    ],
)
def test_each_mistake_is_named(document: Any, problem: str, private_url: str) -> None:
    """No unknown or invalid member is ignored."""
    status, refusal = send(f"{private_url}/automl-emulator/faults", "PUT", document)
    assert status == 400
    assert problem in refusal["Message"]


def test_the_example_of_the_documentation_is_a_document_of_faults() -> None:
    """The example in the module's docstring is a valid document."""
    assert faults.__doc__
    example = faults.__doc__.partition("::\n")[2].partition("\nThey affect")[0]
    assert Faults.from_json(example).rates == {"ThrottlingRate": 0.9}
