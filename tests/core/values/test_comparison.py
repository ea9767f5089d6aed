"""Differences between jobs or versions and requests: none for what was sent, one for each changed leaf."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.model import StructureShape
from botocore.session import get_session

from airflow_sagemaker_automl.core.values.comparison import SERVING, differences, served_differences
from tests.support.jobs import unique
from tests.support.plain_http import send
from tests.support.requests import GONE, LARGEST_CONFIGS, SMALLEST_CONFIGS, largest, smallest, spoiled

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

KINDS = tuple(LARGEST_CONFIGS)
_HELD: dict[str, Any] = {
    "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 3600}],
    "Ending": {"AutoMLJobStatus": "Completed"},
}


@pytest.fixture
def prefix(emulator_url: str) -> Iterator[str]:
    """Prefix for names of jobs that stay in progress."""
    prefix = unique("held")
    script = f"{emulator_url}/automl-emulator/scripts/{prefix}"
    assert send(f"{script}?job-names={prefix}-*", "PUT", _HELD)[0] == 201
    yield prefix
    assert send(script, "DELETE")[0] == 204


def described(sagemaker: SageMakerClient, request: dict[str, Any], name: str) -> dict[str, Any]:
    """Start a job, stop it, and return its description."""
    sagemaker.create_auto_ml_job_v2(**{**request, "AutoMLJobName": name})
    answer = dict(sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name))
    sagemaker.stop_auto_ml_job(AutoMLJobName=name)
    return answer


def leaves(tree: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Walk to all leaf values."""
    if isinstance(tree, dict | list) and tree:
        for step, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(item, (*way, step))
    else:
        yield way, tree


def dotted(way: tuple[str | int, ...]) -> str:
    """Write a path in the notation of error messages."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).lstrip(".")


def compared(request: dict[str, Any]) -> dict[str, Any]:
    """Remove what a description does not contain."""
    return {key: value for key, value in request.items() if key not in ("AutoMLJobName", "Tags")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", [smallest, largest])
def test_a_job_does_not_differ_from_what_was_sent(
    write: Any, kind: str, sagemaker: SageMakerClient, prefix: str
) -> None:
    """For the smallest and the largest request, defaults that the service adds, name and tags are not differences."""
    request = write(kind)
    found = described(sagemaker, request, f"{prefix}-job")
    assert differences(request, found) == []
    assert differences({**request, "AutoMLJobName": "other", "Tags": []}, found) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_leaf_that_was_changed_is_found(kind: str, sagemaker: SageMakerClient, prefix: str) -> None:
    """Each changed or missing leaf gives one clause with its path and both values."""
    request = largest(kind)
    found = described(sagemaker, request, f"{prefix}-job")
    for way, value in leaves(compared(request)):
        (clause,) = differences(spoiled(request, way, "changed"), found)
        assert clause == f"{dotted(way)} is {value!r} in the job and 'changed' in the request"
        if not isinstance(way[-1], int):
            (clause,) = differences(request, spoiled(found, way, GONE))
            assert clause == f"{dotted(way)} is not set in the job and {value!r} in the request"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_a_job_of_another_problem_type_differs(kind: str, other: str) -> None:
    """This also holds for a problem type without required settings."""
    if kind == other:
        assert differences(smallest(kind), smallest(other)) == []
    else:
        (clause,) = differences(smallest(kind), smallest(other))
        assert clause == f"AutoMLProblemTypeConfig is {other!r} in the job and {kind!r} in the request"


def test_what_a_request_leaves_out_is_no_difference() -> None:
    """A job with all members does not differ from a smaller request with the same values."""
    for kind in KINDS:
        least = {"AutoMLProblemTypeConfig": {kind: SMALLEST_CONFIGS[kind]}, "RoleArn": smallest()["RoleArn"]}
        assert differences(least, largest(kind)) == []


def test_what_was_sent_empty_may_be_left_out_of_the_answer() -> None:
    """An empty value requests nothing."""
    request: dict[str, Any] = smallest()
    found = copy.deepcopy(request)
    request["AutoMLProblemTypeConfig"]["TabularJobConfig"] |= {
        "CompletionCriteria": {},
        "CandidateGenerationConfig": {"AlgorithmsConfig": []},
    }
    request["SecurityConfig"] = {"VpcConfig": {}}
    assert differences(request, found) == []


def test_a_list_of_another_length_is_one_difference() -> None:
    """Added or removed list entries are one difference; long values are cut."""
    request = largest("TimeSeriesForecastingJobConfig")
    found = copy.deepcopy(request)
    request["AutoMLProblemTypeConfig"]["TimeSeriesForecastingJobConfig"]["ForecastQuantiles"].append("p95")
    request["AutoMLJobInputDataConfig"].append(request["AutoMLJobInputDataConfig"][0])
    request["RoleArn"] = "arn:aws:iam::123456789012:role/" + "long" * 100
    channels, quantiles, role = sorted(differences(request, found))
    assert channels.startswith("AutoMLJobInputDataConfig is [")
    assert quantiles == (
        "AutoMLProblemTypeConfig.TimeSeriesForecastingJobConfig.ForecastQuantiles is ['p10', 'p50', 'p90'] in the "
        "job and ['p10', 'p50', 'p90', 'p95'] in the request"
    )
    assert max(map(len, (channels, quantiles, role))) < 400


_JOB = "arn:aws:sagemaker:eu-west-1:123456789012:automl-job/churn"
_FIRST = {"Image": "xgb:1", "ModelDataUrl": "s3://b/a.tar.gz", "Environment": {"MODE": "a-secret", "EMPTY": ""}}
_LAST = {"Image": "xgb:2", "ModelDataUrl": "s3://b/b.tar.gz"}


def registration(**members: Any) -> dict[str, Any]:
    """Write a request or a description."""
    return {
        "ModelPackageGroupName": "churn",
        "MetadataProperties": {"GeneratedBy": _JOB, "CommitId": "abc"},
        "InferenceSpecification": {"Containers": [_FIRST, _LAST], "SupportedContentTypes": ["text/csv"]},
        "AdditionalInferenceSpecifications": [{"Name": "gpu", "Containers": [_LAST]}],
        **members,
    }


def chain(*containers: Any) -> dict[str, Any]:
    """Write a description with other containers."""
    return registration(InferenceSpecification={"Containers": list(containers)})


def archive(**members: Any) -> dict[str, Any]:
    """Write model data in the second of the two forms."""
    source = {"S3Uri": "s3://b/b.tar.gz", "S3DataType": "S3Object", "CompressionType": "Gzip", "ETag": "e"}
    return {"ModelDataSource": {"S3DataSource": {**source, **members}}}


@pytest.mark.parametrize(
    "found",
    [
        registration(),
        registration(ModelPackageGroupName="Churn", MetadataProperties={"GeneratedBy": _JOB, "CommitId": "def"}),
        registration(CustomerMetadataProperties={"a": "b"}, ModelApprovalStatus="Approved", Domain="OTHER"),
        chain({**_FIRST, "Environment": {"MODE": "a-secret"}}, {**_LAST, "Environment": {}}),
        chain({**_FIRST, "ImageDigest": "sha256:1", "ModelDataETag": "e", "IsCheckpoint": False}, _LAST),
        chain(_FIRST, {**_LAST, **archive()}),
        chain(_FIRST, {"Image": "xgb:2", **archive(ManifestEtag="m")}),
        chain(_FIRST, {**_LAST, "Framework": "XGBOOST", "ContainerHostname": "a", "NearestModelName": "b"}),
    ],
)
def test_what_the_service_adds_or_people_may_change_makes_no_other_model(found: dict[str, Any]) -> None:
    """Digests, tags, frameworks, and model data in the other form do not make another model."""
    assert served_differences(registration(), found) == []


_HERE = "InferenceSpecification.Containers[1]"


@pytest.mark.parametrize(
    ("found", "clause"),
    [
        (
            chain(_FIRST, {**_LAST, "Image": "evil:2"}),
            f"{_HERE}.Image is 'evil:2' in the version and 'xgb:2' in the request",
        ),
        (
            chain(_FIRST, {**_LAST, "ModelDataUrl": "s3://e/b.tar.gz"}),
            f"{_HERE}.ModelDataUrl is 's3://e/b.tar.gz' in the version and 's3://b/b.tar.gz' in the request",
        ),
        (
            chain(_LAST, _FIRST),
            "InferenceSpecification.Containers[0].Image is 'xgb:2' in the version and 'xgb:1' in the request",
        ),
        (chain(_FIRST), "InferenceSpecification has 1 containers in the version and 2 in the request"),
        (
            registration(InferenceSpecification={}),
            "InferenceSpecification has 0 containers in the version and 2 in the request",
        ),
        (chain({**_FIRST, "Environment": {"MODE": "b"}}, _LAST), "Containers[0].Environment.MODE differs"),
        (chain({**_FIRST, "Environment": {}}, _LAST), "Containers[0].Environment.MODE is only in the request"),
        (
            chain(_FIRST, {**_LAST, "Environment": {"PYTHONPATH": "b"}}),
            f"{_HERE}.Environment.PYTHONPATH is only in the version",
        ),
        (chain(_FIRST, {**_LAST, **archive(S3Uri="s3://e/")}), f"{_HERE}.ModelDataSource is {{'S3DataSource'"),
        (chain(_FIRST, {**_LAST, **archive(ManifestS3Uri="s3://e/m")}), f"{_HERE}.ModelDataSource is {{'S3DataSource'"),
        (chain(_FIRST, {**_LAST, "IsCheckpoint": True}), f"{_HERE}.IsCheckpoint is True in the version and not set"),
        (registration(MetadataProperties={}), f"MetadataProperties.GeneratedBy is not set in the version and '{_JOB}'"),
        (
            registration(AdditionalInferenceSpecifications=[]),
            "AdditionalInferenceSpecifications.gpu is only in the request",
        ),
        (
            registration(AdditionalInferenceSpecifications=[{"Name": "gpu", "Containers": [_FIRST]}]),
            "AdditionalInferenceSpecifications.gpu.Containers[0].Image is 'xgb:1' in the version and 'xgb:2'",
        ),
        (
            registration(
                AdditionalInferenceSpecifications=[{"Name": name, "Containers": [_LAST]} for name in ("gpu", "tpu")]
            ),
            "AdditionalInferenceSpecifications.tpu is only in the version",
        ),
        (registration(ModelPackageGroupName="fraud"), "ModelPackageGroupName is 'fraud' in the version and 'churn'"),
    ],
)
def test_another_model_is_seen_and_no_value_of_an_environment_is_told(found: dict[str, Any], clause: str) -> None:
    """Each member that makes another model is named, without values of the environment."""
    clauses = served_differences(registration(), found)
    assert clause in "\n".join(clauses)
    assert "a-secret" not in "\n".join(clauses)


def test_each_member_of_a_container_is_known_to_decide_what_is_served_or_not_to() -> None:
    """A new member in the service model must be classified."""
    container = get_session().get_service_model("sagemaker").shape_for("ModelPackageContainerDefinition")
    assert isinstance(container, StructureShape)
    described = {"ContainerHostname", "ModelInput", "Framework", "FrameworkVersion", "NearestModelName"}
    assert set(container.members) == {*SERVING, *described, "ImageDigest", "ModelDataETag"}
