"""The details of the protocol, as clients without boto3 see them."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import regex
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session
from moto.core.utils import camelcase_to_underscores
from moto.sagemaker.responses import SageMakerResponse

from airflow_sagemaker_automl.emulator.contract import check_answer
from airflow_sagemaker_automl.emulator.operations.left_to_moto import LEFT_TO_MOTO
from airflow_sagemaker_automl.emulator.service import OPERATIONS
from tests.support.jobs import ROLE, unique

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_SIGNED = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/sagemaker/aws4_request, SignedHeaders=host, Signature=x"


def _send(
    url: str, target: str | None, body: bytes = b"{}", *, method: str = "POST", path: str = "/", signed: bool = True
) -> tuple[int, http.client.HTTPMessage, Any]:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    headers |= {"X-Amz-Target": target} if target else {}
    headers |= {"Authorization": _SIGNED} if signed else {}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=300)
    connection.request(method, path, body, headers)
    with connection.getresponse() as answer:
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, json.loads(content) if content else None


def test_an_answer_is_json_1_1(emulator_url: str) -> None:
    """Times are numbers of seconds, the content type is the protocol's, and each answer has its own request ID."""
    name = unique("group")
    body = json.dumps({"ModelPackageGroupName": name}).encode()
    assert _send(emulator_url, "SageMaker.CreateModelPackageGroup", body)[0] == 200
    status, headers, answer = _send(emulator_url, "SageMaker.DescribeModelPackageGroup", body)
    assert (status, headers["Content-Type"]) == (200, "application/x-amz-json-1.1")
    assert abs(answer["CreationTime"] - time.time()) < 60
    _, others, _ = _send(emulator_url, "SageMaker.DescribeModelPackageGroup", body, signed=False)
    assert len(headers["x-amzn-RequestId"]) == len(others["x-amzn-RequestId"]) == 36
    assert headers["x-amzn-RequestId"] != others["x-amzn-RequestId"]
    assert _send(emulator_url, "SageMaker.DeleteModelPackageGroup", body)[2] is None


@pytest.mark.parametrize(
    ("target", "body", "code", "words"),
    [
        ("SageMaker.ListAutoMLJobs", b"{", "SerializationException", "is not JSON"),
        ("SageMaker.ListAutoMLJobs", b"\xff", "SerializationException", "is not JSON"),
        ("SageMaker.ListAutoMLJobs", b"[]", "SerializationException", "is not of type structure"),
        ("SageMaker.ListAutoMLJobs", b'{"MaxResults": "ten"}', "SerializationException", "'ten' at 'maxResults'"),
        ("SageMaker.ListAutoMLJobs", b'{"MaxResults": true}', "SerializationException", "is not of type integer"),
        (
            "SageMaker.ListAutoMLJobs",
            b'{"CreationTimeAfter": "soon"}',
            "SerializationException",
            "is not of type timestamp",
        ),
        ("SageMaker.ListAutoMLJobs", b'{"MaxResults": 101}', "ValidationException", "less than or equal to 100"),
        ("SageMaker.ListAutoMLJobs", b'{"NextToken": "MQ=="}', "ValidationException", "NextToken"),
        ("SageMaker.ListAutoMLJobs", b'{"NextToken": "!"}', "ValidationException", "NextToken"),
        ("SageMaker.DescribeAutoMLJobV2", b'{"AutoMLJobName": null}', "ValidationException", "must not be null"),
        ("SageMaker.DescribeAutoMLJobV2", b'{"AutoMLJobName": "none"}', "ResourceNotFound", "none"),
        ("SageMaker.NoSuchOperation", b"{}", "UnknownOperationException", "NoSuchOperation"),
        ("SageMaker.ListHubs", b"{}", "UnknownOperationException", "ListHubs"),
        ("DynamoDB_20120810.ListTables", b"{}", "UnknownOperationException", "this request"),
        (None, b"Action=ListAutoMLJobs", "UnknownOperationException", "this request"),
    ],
)
def test_an_error_is_json_with_the_services_code(
    target: str | None, body: bytes, code: str, words: str, emulator_url: str
) -> None:
    """Every invalid request is answered with the protocol's error and status 400."""
    status, headers, answer = _send(emulator_url, target, body)
    assert (status, headers["Content-Type"], answer["__type"]) == (400, "application/x-amz-json-1.1", code)
    assert words in str(answer.get("message") or answer.get("Message"))


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("PUT", "/"), ("POST", "/no/such/path"), ("GET", "/x?y=z")])
def test_no_request_to_sagemaker_is_answered_with_a_page(method: str, path: str, emulator_url: str) -> None:
    """Other methods and paths on SageMaker's host also get the protocol's error."""
    status, headers, answer = _send(emulator_url, None, method=method, path=path)
    assert (status, headers["Content-Type"]) == (400, "application/x-amz-json-1.1")
    assert answer["__type"] == "UnknownOperationException"


def test_members_that_the_service_does_not_know_are_ignored(emulator_url: str) -> None:
    """Unknown members are ignored, as on the service; null counts as missing."""
    body = b'{"StatusEquals": null, "Surprise": [1], "CreationTimeAfter": "2020-01-01T00:00:00Z"}'
    assert _send(emulator_url, "SageMaker.ListAutoMLJobs", body)[0] == 200


def test_the_list_of_operations_is_complete() -> None:
    """Only operations in one of the two lists, the emulator's and moto's, are answered.

    A moto or botocore release that adds an operation fails nothing; one that removes an operation does.
    """
    known = set(get_session().get_service_model("sagemaker").operation_names)
    assert set(OPERATIONS) <= known
    assert known >= LEFT_TO_MOTO
    assert not LEFT_TO_MOTO & set(OPERATIONS)
    assert all(hasattr(SageMakerResponse, camelcase_to_underscores(operation)) for operation in LEFT_TO_MOTO)
    subjects = ("AutoMLJob", "ModelPackage", "ModelCard", "Endpoint", "EndpointConfig", "Tags")
    verbs = ("Create", "Describe", "List", "Update", "Delete", "Stop", "BatchDescribe", "Add", "Get", "Put")
    ours = {f"{verb}{subject}{end}" for verb in verbs for subject in subjects for end in ("", "s", "V2", "Group")}
    assert ours & known <= set(OPERATIONS)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_each_operation_is_there_for_boto3(operation: str, sagemaker: SageMakerClient) -> None:
    """The smallest valid request is answered or refused for its content; the emulator never fails."""
    model = sagemaker.meta.service_model.operation_model(operation)
    request = _smallest(model.input_shape)
    try:
        answer = getattr(sagemaker, xform_name(operation))(**request)
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"), error  # noqa: PT017
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400  # noqa: PT017
    else:
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def _smallest(shape: Any) -> Any:
    """Make the smallest value of a shape, with names and ARNs that do not exist."""
    if shape.type_name == "structure":
        names = shape.required_members or (list(shape.members)[:1] if shape.is_tagged_union else [])
        return {name: _smallest(shape.members[name]) for name in names}
    if shape.type_name == "list":
        return [_smallest(shape.member)] * max(1, shape.metadata.get("min", 0))
    if shape.type_name == "string":
        candidates = shape.enum or (
            unique("none")[:32],
            "s3://bucket/none",
            "arn:aws:iam::123456789012:role/none",
            "arn:aws:sagemaker:us-east-1:123456789012:model-package/none",
        )
        return next(text for text in candidates if regex.fullmatch(shape.metadata.get("pattern", ".*"), text))
    return max(1, shape.metadata.get("min", 1))


def test_what_moto_answers_is_held_to_the_service_model(sagemaker: SageMakerClient) -> None:
    """A valid answer passes, an error keeps its code, and an invalid answer becomes an error of the emulator."""
    name = unique("experiment")
    arn = sagemaker.create_experiment(ExperimentName=name)["ExperimentArn"]
    assert sagemaker.describe_experiment(ExperimentName=name)["ExperimentArn"] == arn
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "risk"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
    component = unique("component")
    sagemaker.create_trial_component(TrialComponentName=component)
    assert "Status" not in sagemaker.describe_trial_component(TrialComponentName=component)
    with pytest.raises(ClientError, match=r"UnknownOperationException.*cannot answer this UpdateTrialComponent"):
        sagemaker.update_trial_component(TrialComponentName=component, ParametersToRemove=["none"])
    with pytest.raises(ClientError, match="length less than or equal to 120"):
        sagemaker.create_experiment(ExperimentName="x" * 121)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"AutoMLJobSummaries": [{}]}, "autoMLJobSummaries.1.member.autoMLJobName"),
        ({"AutoMLJobSummaries": "none"}, "is not of type list"),
        ({"AutoMLJobSummaries": [], "NextToken": 1}, "is not of type string"),
        ({"AutoMLJobSummaries": [], "NextToken": None}, "null"),
        ({"AutoMLJobSummaries": [], "NextToken": "x" * 8193}, "less than or equal to 8192"),
        ({"AutoMLJobSummaries": [{"AutoMLJobStatus": "Done"}]}, "enum value set"),
        ({"AutoMLJobSummaries": [{"AutoMLJobName": "under_score"}]}, "regular expression pattern"),
        ({"AutoMLJobSummaries": [{"CreationTime": "now"}]}, "is not of type timestamp"),
        ({"AutoMLJobSummaries": [{"PartialFailureReasons": []}]}, "greater than or equal to 1"),
        ({"AutoMLJobSummaries": [{"Surprise": 1}]}, "Unknown member"),
    ],
)
def test_a_wrong_answer_is_caught_however_deep_it_is_wrong(answer: dict[str, Any], words: str) -> None:
    """Required members, types, lengths, enums, patterns and unknown members are checked at every depth."""
    with pytest.raises(AssertionError) as caught:
        check_answer("ListAutoMLJobs", answer)
    assert words in str(caught.value)


def test_pages_are_stable_while_things_come_and_go(sagemaker: SageMakerClient) -> None:
    """Entries created or deleted between two pages neither hide nor repeat another entry."""
    prefix = unique("paged")

    def create(number: int) -> None:
        container: Any = {"Image": "image:1"}
        sagemaker.create_model(ModelName=f"{prefix}-{number}", PrimaryContainer=container, ExecutionRoleArn=ROLE)

    for number in range(4):
        create(number)
    first = sagemaker.list_models(NameContains=prefix, MaxResults=2)
    assert [model["ModelName"] for model in first["Models"]] == [f"{prefix}-3", f"{prefix}-2"]
    create(4)
    sagemaker.delete_model(ModelName=f"{prefix}-2")
    second = sagemaker.list_models(NameContains=prefix, MaxResults=2, NextToken=first["NextToken"])
    assert [model["ModelName"] for model in second["Models"]] == [f"{prefix}-1", f"{prefix}-0"]
    assert "NextToken" not in second
    with pytest.raises(ClientError, match="another list or another order"):
        sagemaker.list_models(NextToken=first["NextToken"], SortBy="Name")
