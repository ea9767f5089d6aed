"""A V1 request is converted to V2, and everything that cannot be converted is reported."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.sagemaker import SageMakerHook
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerAutoMLOperator
from botocore.model import ListShape, Shape, StructureShape
from botocore.session import get_session
from botocore.validate import ParamValidator

from airflow_sagemaker_automl import from_v1
from airflow_sagemaker_automl.emulator.contract import check_request

ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"
SERVICE = get_session().get_service_model("sagemaker")
V1_INPUT = SERVICE.operation_model("CreateAutoMLJob").input_shape
V2_INPUT = SERVICE.operation_model("CreateAutoMLJobV2").input_shape
CHANNEL = {
    "ChannelType": "training",
    "ContentType": "text/csv;header=present",
    "CompressionType": "Gzip",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}},
    "TargetAttributeName": "churned",
    "SampleWeightAttributeName": "weight",
}
V1 = {
    "AutoMLJobName": "churn-1",
    "InputDataConfig": [CHANNEL],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "output-key"},
    "ProblemType": "BinaryClassification",
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "AutoMLJobConfig": {
        "Mode": "ENSEMBLING",
        "CompletionCriteria": {
            "MaxCandidates": 7,
            "MaxAutoMLJobRuntimeInSeconds": 3600,
            "MaxRuntimePerTrainingJobInSeconds": 600,
        },
        "CandidateGenerationConfig": {
            "FeatureSpecificationS3Uri": "s3://bucket/features.json",
            "AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}],
        },
        "DataSplitConfig": {"ValidationFraction": 0.3},
        "SecurityConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "VolumeKmsKeyId": "volume-key",
            "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        },
    },
    "GenerateCandidateDefinitionsOnly": False,
    "ModelDeployConfig": {"AutoGenerateEndpointName": False, "EndpointName": "churn"},
    "RoleArn": ROLE,
    "Tags": [{"Key": "team", "Value": "risk"}],
}
V2 = {
    "AutoMLJobName": "churn-1",
    "AutoMLJobInputDataConfig": [
        {
            "ChannelType": "training",
            "ContentType": "text/csv;header=present",
            "CompressionType": "Gzip",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}},
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "output-key"},
    "AutoMLProblemTypeConfig": {
        "TabularJobConfig": {
            "TargetAttributeName": "churned",
            "SampleWeightAttributeName": "weight",
            "ProblemType": "BinaryClassification",
            "Mode": "ENSEMBLING",
            "CompletionCriteria": {
                "MaxCandidates": 7,
                "MaxAutoMLJobRuntimeInSeconds": 3600,
                "MaxRuntimePerTrainingJobInSeconds": 600,
            },
            "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}]},
            "FeatureSpecificationS3Uri": "s3://bucket/features.json",
            "GenerateCandidateDefinitionsOnly": False,
        }
    },
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "DataSplitConfig": {"ValidationFraction": 0.3},
    "SecurityConfig": {
        "EnableInterContainerTrafficEncryption": True,
        "VolumeKmsKeyId": "volume-key",
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
    },
    "ModelDeployConfig": {"AutoGenerateEndpointName": False, "EndpointName": "churn"},
    "RoleArn": ROLE,
    "Tags": [{"Key": "team", "Value": "risk"}],
}
SMALLEST: dict[str, Any] = {
    "AutoMLJobName": "churn-1",
    "InputDataConfig": [{"TargetAttributeName": "y"}],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "RoleArn": ROLE,
}
ARGUMENTS: dict[str, Any] = {
    "job_name": "churn-1",
    "s3_input": "s3://bucket/train/",
    "target_attribute": "churned",
    "s3_output": "s3://bucket/out",
    "role_arn": ROLE,
}


def _leaves(shape: Shape, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Shape]]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from _leaves(member, (*path, name))
    elif isinstance(shape, ListShape):
        yield from _leaves(shape.member, (*path, 0))
    else:
        yield path, shape


def _with(path: tuple[str | int, ...], value: Any) -> Any:
    for step in reversed(path):
        value = [value] if step == 0 else {step: value}
    return value


assert V1_INPUT is not None
LEAVES = [path for path, _ in _leaves(V1_INPUT)]


def test_all_of_a_request_is_moved_to_where_the_guide_says() -> None:
    """The migration guide's three lists: unchanged, moved and renamed members."""
    migration = from_v1(V1)
    assert migration.request == V2
    assert migration.remarks == ()
    check_request("CreateAutoMLJobV2", migration.request)
    assert V2_INPUT is not None
    assert not ParamValidator().validate(migration.request, V2_INPUT).has_errors()


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: ".".join(map(str, path)))
def test_each_member_of_the_service_model_is_moved_or_named(path: tuple[str | int, ...]) -> None:
    """A member that a new botocore adds fails here."""
    migration = from_v1(SMALLEST | _with(path, "the value"))
    assert '"the value"' in json.dumps(migration.request), f"{path} is lost: {migration.remarks}"


def test_the_largest_request_has_every_member() -> None:
    """This makes sure that the conversion of every member is tested."""
    assert {tuple(0 if step == 1 else step for step in path) for path in _paths_of(V1)} == set(LEAVES)


def _paths_of(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _paths_of(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths_of(item, (*path, index))
    else:
        yield path


def test_the_request_is_not_changed() -> None:
    """A DAG may use the original request afterwards."""
    before = copy.deepcopy(V1)
    from_v1(V1).request["AutoMLJobInputDataConfig"][0]["ChannelType"] = "validation"
    assert before == V1


def test_templates_pass_untouched() -> None:
    """Templates stay unchanged in their new places."""
    template = "{{ dag_run.conf['x'] }}"
    migration = from_v1(
        SMALLEST
        | {
            "AutoMLJobConfig": {"SecurityConfig": template, "CompletionCriteria": {"MaxCandidates": template}},
            "Tags": template,
        }
    )
    assert migration.remarks == ()
    assert migration.request["SecurityConfig"] == template
    assert migration.request["Tags"] == template
    tabular = migration.request["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert tabular["CompletionCriteria"] == {"MaxCandidates": template}


def _channel(kind: str, **columns: str) -> dict[str, Any]:
    return {"ChannelType": kind, **columns}


@pytest.mark.parametrize(
    ("channels", "columns", "named"),
    [
        (
            [_channel("training", TargetAttributeName="y"), _channel("validation", TargetAttributeName="y")],
            {"TargetAttributeName": "y"},
            [],
        ),
        (
            [_channel("validation", TargetAttributeName="label"), _channel("training", TargetAttributeName="y")],
            {"TargetAttributeName": "y"},
            [
                "InputDataConfig[0].TargetAttributeName: 'label' differs from 'y' of InputDataConfig[1], but "
                "CreateAutoMLJobV2 has one for all channels. 'y' was used; rename the column in the other data."
            ],
        ),
        (
            [
                {"TargetAttributeName": "y", "SampleWeightAttributeName": "w"},
                _channel("validation", TargetAttributeName="y"),
            ],
            {"TargetAttributeName": "y", "SampleWeightAttributeName": "w"},
            [
                "InputDataConfig[1]: it had no SampleWeightAttributeName, but 'w' now applies to it too; its data must "
                "have that column."
            ],
        ),
    ],
)
def test_columns_of_channels_become_those_of_the_job(
    channels: list[dict[str, Any]], columns: dict[str, str], named: list[str]
) -> None:
    """V2 has one target and one weight column for all channels."""
    migration = from_v1({"InputDataConfig": channels})
    assert migration.request["AutoMLProblemTypeConfig"]["TabularJobConfig"] == columns
    assert list(migration.remarks) == named
    assert migration.request["AutoMLJobInputDataConfig"] == [
        {key: value for key, value in channel.items() if key == "ChannelType"} for channel in channels
    ]


@pytest.mark.parametrize(
    ("given", "problem_type", "metric", "remark"),
    [
        ({"ProblemType": "Regression"}, "Regression", "MSE", "MSE was added, the service's default for Regression."),
        ({"AutoMLJobObjective": {"MetricName": "F1"}}, "BinaryClassification", "F1", "BinaryClassification was added"),
        (
            {"AutoMLJobObjective": {"MetricName": "Accuracy"}},
            None,
            "Accuracy",
            "which cannot be derived from 'Accuracy'",
        ),
        (
            {"ProblemType": "{{ var.value.kind }}"},
            "{{ var.value.kind }}",
            None,
            "which cannot be derived from '{{ var.value.kind }}'; add it.",
        ),
        ({}, None, None, None),
    ],
)
def test_problem_type_and_objective_are_both_there_or_neither(
    given: dict[str, Any], problem_type: str | None, metric: str | None, remark: str | None
) -> None:
    """V1 accepted one of them alone; V2 refuses that."""
    migration = from_v1(SMALLEST | given)
    tabular = migration.request["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert tabular.get("ProblemType") == problem_type
    assert migration.request.get("AutoMLJobObjective", {}).get("MetricName") == metric
    assert [remark in found for found in migration.remarks if remark] == [True] * bool(remark)


def test_each_metric_and_problem_type_pairs_as_the_service_documents() -> None:
    """The added value is one of the metrics that botocore's documentation lists for the type."""
    listed = SERVICE.shape_for("AutoMLJobObjective").members["MetricName"].documentation  # type: ignore[attr-defined]
    for metric in SERVICE.shape_for("AutoMLMetricEnum").enum:  # type: ignore[attr-defined]
        migration = from_v1(SMALLEST | {"AutoMLJobObjective": {"MetricName": metric}})
        added = migration.request["AutoMLProblemTypeConfig"]["TabularJobConfig"].get("ProblemType")
        if added:
            words = listed.split("List of available metrics:")[1].split("Default objective metrics")[0]
            section = words[words.index(added.removesuffix("Classification")) :].split("</li>")[0]
            assert metric in section


@pytest.mark.parametrize(
    ("request_", "remark"),
    [
        (
            {"RolArn": "x"},
            "RolArn: CreateAutoMLJob has no such member; it was dropped. Did you mean RoleArn?",
        ),
        (
            {"MaxCandidates": 3},
            "MaxCandidates: CreateAutoMLJob has no such member; it was dropped. "
            "Did you mean AutoMLJobConfig.CompletionCriteria.MaxCandidates?",
        ),
        (
            {"AutoMLJobConfig": {"mode": "AUTO"}},
            "AutoMLJobConfig.mode: CreateAutoMLJob has no such member; it was dropped. "
            "Did you mean AutoMLJobConfig.Mode?",
        ),
        (
            {"Tags": [{"Key": "a", "Value": "b", "Colour": "red"}]},
            "Tags[0].Colour: CreateAutoMLJob has no such member; it was dropped.",
        ),
        ({"Tags": None}, "Tags: it has no value; it was dropped."),
        (
            {"AutoMLJobConfig": "{{ var.json.config }}"},
            "AutoMLJobConfig: '{{ var.json.config }}' cannot be split, but CreateAutoMLJobV2 has its members in "
            "several places; write them out.",
        ),
        (
            {"InputDataConfig": "{{ var.json.channels }}"},
            "InputDataConfig: '{{ var.json.channels }}' cannot be split, but CreateAutoMLJobV2 has "
            "TargetAttributeName and SampleWeightAttributeName in AutoMLProblemTypeConfig.TabularJobConfig; write the "
            "channels out.",
        ),
    ],
)
def test_what_does_not_map_is_named(request_: dict[str, Any], remark: str) -> None:
    """Each member once, with its path and what to do."""
    assert list(from_v1(SMALLEST | request_).remarks) == [remark]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (V2, "AutoMLJobInputDataConfig is a member of CreateAutoMLJobV2: this request needs no migration"),
        ({"services": {"web": {}}}, "no member of CreateAutoMLJob and no argument of SageMakerAutoMLOperator"),
        ({}, "no member of CreateAutoMLJob"),
    ],
)
def test_what_is_no_request_of_the_first_api_is_refused(request_: dict[str, Any], words: str) -> None:
    """A wrong file does not become an empty request."""
    with pytest.raises(ValueError, match=words):
        from_v1(request_)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"compressed_input": True, "time_limit": 3600, "autodeploy_endpoint_name": "churn"},
        {"compressed_input": False, "time_limit": 0, "autodeploy_endpoint_name": "", "extras": {}},
        {"compressed_input": "False"},
        {"time_limit": 60, "extras": {"AutoMLJobConfig": {"Mode": "ENSEMBLING"}, "Tags": [{"Key": "a", "Value": "b"}]}},
        {"extras": V1},
        {"s3_input": "s3://bucket/{{ ds }}/", "extras": {"ProblemType": "{{ params.kind }}"}},
    ],
)
def test_the_arguments_of_the_old_operator_become_what_its_hook_sends(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The expected result is what the old operator's hook sends to a recording client."""
    sent: dict[str, Any] = {}

    class Client:
        def create_auto_ml_job(self, **request: Any) -> None:
            sent.update(request)

    monkeypatch.setattr(SageMakerHook, "conn", Client())
    arguments = ARGUMENTS | changes
    SageMakerHook().create_auto_ml_job(**arguments, wait_for_completion=False)
    assert from_v1(arguments).request == from_v1(sent).request


def test_every_argument_of_the_old_operator_is_mapped_or_named() -> None:
    """A new argument in the Amazon provider fails here."""
    parameters = inspect.signature(SageMakerAutoMLOperator.__init__).parameters
    arguments = {name: {"x": 1} for name in parameters if name not in ("self", "kwargs")}
    migration = from_v1(arguments | {"extras": {"Tags": [{"Key": "extras", "Value": ""}]}})
    named = {remark.partition(":")[0] for remark in migration.remarks}
    assert named == {"wait_for_completion", "check_interval", "config"}
    assert len(json.dumps(migration.request).split('{"x": 1}')) - 1 == len(ARGUMENTS) + 2


@pytest.mark.parametrize(
    ("argument", "remark"),
    [
        (
            {"check_interval": 30},
            "check_interval: not part of the request; SageMakerAutoMLJobOperator calls it poll_interval.",
        ),
        (
            {"aws_conn_id": "aws"},
            "aws_conn_id: not part of the request; SageMakerAutoMLJobOperator has an argument of the same name.",
        ),
        (
            {"time_limits": 3},
            "time_limits: SageMakerAutoMLOperator has no such argument; did you mean time_limit?",
        ),
        (
            {"retries": 3},
            "retries: not part of the request; if it is an argument of all operators (retries, pool, …), set it on "
            "the new one too.",
        ),
        (
            {"compressed_input": "{{ params.gzip }}"},
            "compressed_input: '{{ params.gzip }}' is a text, which SageMakerAutoMLOperator always treats as true; "
            "CompressionType is Gzip. Remove it if the data is not compressed.",
        ),
        (
            {"time_limit": 60, "extras": {"AutoMLJobConfig": {}}},
            "time_limit: it was never sent, because extras has AutoMLJobConfig, which replaces it in "
            "SageMakerAutoMLOperator; add it to the request if you need it.",
        ),
        (
            {"extras": "{{ var.value.extras }}"},
            "extras: '{{ var.value.extras }}' is not a dictionary and cannot be moved; write its members out.",
        ),
    ],
)
def test_what_of_the_old_operator_is_not_in_the_request_is_named(argument: dict[str, Any], remark: str) -> None:
    """Each argument once, with its new place."""
    assert list(from_v1(ARGUMENTS | argument).remarks) == [remark]
