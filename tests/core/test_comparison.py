"""How jobs and versions differ from requests: in nothing that was really sent, and in each leaf that was not."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.model import StructureShape
from botocore.session import get_session

from airflow_sagemaker_automl.core.comparison import SERVING, differences, served_differences
from tests.core.requests import GONE, LARGEST_CONFIGS, SMALLEST_CONFIGS, largest, smallest, spoiled
from tests.jobs import unique
from tests.plain_http import send

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

KINDS = tuple(LARGEST_CONFIGS)
_HELD: dict[str, Any] = {
    "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 3600}],
    "Ending": {"AutoMLJobStatus": "Completed"},
}


@pytest.fixture
def prefix(emulator_url: str) -> Iterator[str]:
    """Names that begin with it are those of jobs that stay in progress."""
    prefix = unique("held")
    script = f"{emulator_url}/automl-emulator/scripts/{prefix}"
    assert send(f"{script}?job-names={prefix}-*", "PUT", _HELD)[0] == 201
    yield prefix
    assert send(script, "DELETE")[0] == 204


def described(sagemaker: SageMakerClient, request: dict[str, Any], name: str) -> dict[str, Any]:
    """Start a job, stop it, and give what the service says of it."""
    sagemaker.create_auto_ml_job_v2(**{**request, "AutoMLJobName": name})
    answer = dict(sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name))
    sagemaker.stop_auto_ml_job(AutoMLJobName=name)
    return answer


def leaves(tree: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Walk to all values that have nothing in them."""
    if isinstance(tree, dict | list) and tree:
        for step, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(item, (*way, step))
    else:
        yield way, tree


def dotted(way: tuple[str | int, ...]) -> str:
    """Write a path as a person reads it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).lstrip(".")


def compared(request: dict[str, Any]) -> dict[str, Any]:
    """Take away what a description does not have."""
    return {key: value for key, value in request.items() if key not in ("AutoMLJobName", "Tags")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", [smallest, largest])
def test_a_job_does_not_differ_from_what_was_sent(
    write: Any, kind: str, sagemaker: SageMakerClient, prefix: str
) -> None:
    """Whatever the service fills in, of the smallest and of the largest request; name and tags do not count."""
    request = write(kind)
    found = described(sagemaker, request, f"{prefix}-job")
    assert differences(request, found) == []
    assert differences({**request, "AutoMLJobName": "other", "Tags": []}, found) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_leaf_that_was_changed_is_found(kind: str, sagemaker: SageMakerClient, prefix: str) -> None:
    """One clause, with the way to the leaf and both values; and each that the job has not."""
    request = largest(kind)
    found = described(sagemaker, request, f"{prefix}-job")
    for way, value in leaves(compared(request)):
        (clause,) = differences(spoiled(request, way, "changed"), found)
        assert clause == f"{dotted(way)} is {value!r} there and 'changed' here"
        if not isinstance(way[-1], int):
            (clause,) = differences(request, spoiled(found, way, GONE))
            assert clause == f"{dotted(way)} is not set there and {value!r} here"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_a_job_of_another_problem_type_differs(kind: str, other: str) -> None:
    """Also where the request's type needs no settings at all."""
    if kind == other:
        assert differences(smallest(kind), smallest(other)) == []
    else:
        (clause,) = differences(smallest(kind), smallest(other))
        assert clause == f"AutoMLProblemTypeConfig is {other!r} there and {kind!r} here"


def test_what_a_request_leaves_out_is_no_difference() -> None:
    """A job with everything does not differ from a request with the least that has the same values."""
    for kind in KINDS:
        least = {"AutoMLProblemTypeConfig": {kind: SMALLEST_CONFIGS[kind]}, "RoleArn": smallest()["RoleArn"]}
        assert differences(least, largest(kind)) == []


def test_what_was_sent_empty_may_be_left_out_of_the_answer() -> None:
    """Nothing was asked for with it."""
    request: dict[str, Any] = smallest()
    found = copy.deepcopy(request)
    request["AutoMLProblemTypeConfig"]["TabularJobConfig"] |= {
        "CompletionCriteria": {},
        "CandidateGenerationConfig": {"AlgorithmsConfig": []},
    }
    request["SecurityConfig"] = {"VpcConfig": {}}
    assert differences(request, found) == []


def test_a_list_of_another_length_is_one_difference() -> None:
    """Channels or algorithms more or less cannot be told apart one by one; long values are cut."""
    request = largest("TimeSeriesForecastingJobConfig")
    found = copy.deepcopy(request)
    request["AutoMLProblemTypeConfig"]["TimeSeriesForecastingJobConfig"]["ForecastQuantiles"].append("p95")
    request["AutoMLJobInputDataConfig"].append(request["AutoMLJobInputDataConfig"][0])
    request["RoleArn"] = "arn:aws:iam::123456789012:role/" + "long" * 100
    channels, quantiles, role = sorted(differences(request, found))
    assert channels.startswith("AutoMLJobInputDataConfig is [")
    assert quantiles == (
        "AutoMLProblemTypeConfig.TimeSeriesForecastingJobConfig.ForecastQuantiles is ['p10', 'p50', 'p90'] there and "
        "['p10', 'p50', 'p90', 'p95'] here"
    )
    assert max(map(len, (channels, quantiles, role))) < 400


_JOB = "arn:aws:sagemaker:eu-west-1:123456789012:automl-job/churn"
_FIRST = {"Image": "xgb:1", "ModelDataUrl": "s3://b/a.tar.gz", "Environment": {"MODE": "a-secret", "EMPTY": ""}}
_LAST = {"Image": "xgb:2", "ModelDataUrl": "s3://b/b.tar.gz"}


def registration(**members: Any) -> dict[str, Any]:
    """Write what is asked for, or what there is."""
    return {
        "ModelPackageGroupName": "churn",
        "MetadataProperties": {"GeneratedBy": _JOB, "CommitId": "abc"},
        "InferenceSpecification": {"Containers": [_FIRST, _LAST], "SupportedContentTypes": ["text/csv"]},
        "AdditionalInferenceSpecifications": [{"Name": "gpu", "Containers": [_LAST]}],
        **members,
    }


def chain(*containers: Any) -> dict[str, Any]:
    """Write what there is, with other containers."""
    return registration(InferenceSpecification={"Containers": list(containers)})


def archive(**members: Any) -> dict[str, Any]:
    """Write model data in the second of the two ways."""
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
    """Digests, tags, frameworks, and model data that are told in two ways."""
    assert served_differences(registration(), found) == []


_HERE = "InferenceSpecification.Containers[1]"


@pytest.mark.parametrize(
    ("found", "clause"),
    [
        (chain(_FIRST, {**_LAST, "Image": "evil:2"}), f"{_HERE}.Image is 'evil:2' there and 'xgb:2' here"),
        (
            chain(_FIRST, {**_LAST, "ModelDataUrl": "s3://e/b.tar.gz"}),
            f"{_HERE}.ModelDataUrl is 's3://e/b.tar.gz' there and 's3://b/b.tar.gz' here",
        ),
        (chain(_LAST, _FIRST), "InferenceSpecification.Containers[0].Image is 'xgb:2' there and 'xgb:1' here"),
        (chain(_FIRST), "InferenceSpecification has 1 containers there and 2 here"),
        (registration(InferenceSpecification={}), "InferenceSpecification has 0 containers there and 2 here"),
        (chain({**_FIRST, "Environment": {"MODE": "b"}}, _LAST), "Containers[0].Environment.MODE is not the same"),
        (chain({**_FIRST, "Environment": {}}, _LAST), "Containers[0].Environment.MODE is set here only"),
        (chain(_FIRST, {**_LAST, "Environment": {"PYTHONPATH": "b"}}), f"{_HERE}.Environment.PYTHONPATH is set there"),
        (chain(_FIRST, {**_LAST, **archive(S3Uri="s3://e/")}), f"{_HERE}.ModelDataSource is {{'S3DataSource'"),
        (chain(_FIRST, {**_LAST, **archive(ManifestS3Uri="s3://e/m")}), f"{_HERE}.ModelDataSource is {{'S3DataSource'"),
        (chain(_FIRST, {**_LAST, "IsCheckpoint": True}), f"{_HERE}.IsCheckpoint is True there and not set here"),
        (registration(MetadataProperties={}), f"MetadataProperties.GeneratedBy is not set there and '{_JOB}' here"),
        (registration(AdditionalInferenceSpecifications=[]), "AdditionalInferenceSpecifications.gpu is here only"),
        (
            registration(AdditionalInferenceSpecifications=[{"Name": "gpu", "Containers": [_FIRST]}]),
            "AdditionalInferenceSpecifications.gpu.Containers[0].Image is 'xgb:1' there and 'xgb:2' here",
        ),
        (
            registration(
                AdditionalInferenceSpecifications=[{"Name": name, "Containers": [_LAST]} for name in ("gpu", "tpu")]
            ),
            "AdditionalInferenceSpecifications.tpu is there only",
        ),
        (registration(ModelPackageGroupName="fraud"), "ModelPackageGroupName is 'fraud' there and 'churn' here"),
    ],
)
def test_another_model_is_seen_and_no_value_of_an_environment_is_told(found: dict[str, Any], clause: str) -> None:
    """Whichever member makes it another one."""
    clauses = served_differences(registration(), found)
    assert clause in "\n".join(clauses)
    assert "a-secret" not in "\n".join(clauses)


def test_each_member_of_a_container_is_known_to_decide_what_is_served_or_not_to() -> None:
    """One that a newer service model has must be given its place."""
    container = get_session().get_service_model("sagemaker").shape_for("ModelPackageContainerDefinition")
    assert isinstance(container, StructureShape)
    described = {"ContainerHostname", "ModelInput", "Framework", "FrameworkVersion", "NearestModelName"}
    assert set(container.members) == {*SERVING, *described, "ImageDigest", "ModelDataETag"}
