"""What the emulator does not do it refuses: nothing that moto answers claims that work was done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from airflow_sagemaker_automl.emulator.operations.left_to_moto import FORGOTTEN, LEFT_TO_MOTO
from airflow_sagemaker_automl.emulator.service import OPERATIONS
from demo.sandbox import REGION, REPOSITORY
from tests.support.jobs import ROLE, unique

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ALL = frozenset(get_session().get_service_model("sagemaker").operation_names)
ANSWERED = frozenset(OPERATIONS) | LEFT_TO_MOTO
SOURCE: Any = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://no-such-bucket/data/"}}
RESOURCES: Any = {"InstanceType": "ml.m5.large", "InstanceCount": 1}
CLUSTER: Any = {**RESOURCES, "VolumeSizeInGB": 1}
TAGS: Any = [{"Key": "team", "Value": "risk"}]


@pytest.fixture
def unchecked(emulator_url: str) -> Any:
    """A client that sends any request."""
    session = boto3.Session("key", "secret", region_name=REGION)
    return session.client("sagemaker", endpoint_url=emulator_url, config=Config(parameter_validation=False))


def test_the_documentation_has_the_count_of_operations() -> None:
    """Served, left to moto, refused: as many as botocore's model gives."""
    text = (REPOSITORY / "docs/how-to/emulator.md").read_text()
    written = re.search(
        r"Of SageMaker's (\d+) operations \(botocore (\S+)\), the emulator serves (\d+), leaves (\d+) to moto, "
        r"and refuses (\d+)\.",
        text,
    )
    assert written
    every, version, served, left, refused = written.groups()
    assert (int(served), int(left)) == (len(OPERATIONS), len(LEFT_TO_MOTO))
    assert int(every) == int(served) + int(left) + int(refused)
    locked = re.search(r"^botocore==(\S+)", (REPOSITORY / "requirements/development.txt").read_text(), re.MULTILINE)
    assert locked
    assert version == locked[1]
    if botocore.__version__ == version:
        assert int(every) == len(ALL)


def test_every_other_operation_is_refused_as_a_whole(unchecked: Any) -> None:
    """Creation, description, list and stop alike, with the protocol's error and a sentence."""
    for operation in sorted(ALL - ANSWERED):
        with pytest.raises(ClientError) as refused:
            getattr(unchecked, xform_name(operation))()
        error = refused.value.response["Error"]
        assert error["Code"] == "UnknownOperationException"
        assert re.fullmatch(rf"The emulator does not implement {operation}(: it [^.]+)?\.", error["Message"])


def _training(sagemaker: SageMakerClient, name: str) -> None:
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": "image:1", "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/out/"},
        ResourceConfig=CLUSTER,
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def _processing(sagemaker: SageMakerClient, name: str) -> None:
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        ProcessingResources={"ClusterConfig": CLUSTER},
        AppSpecification={"ImageUri": "image:1"},
        RoleArn=ROLE,
    )


def _tuning(sagemaker: SageMakerClient, name: str) -> None:
    limits: Any = {"MaxParallelTrainingJobs": 1}
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={"Strategy": "Random", "ResourceLimits": limits},
    )


def _feature_group(sagemaker: SageMakerClient, name: str) -> None:
    sagemaker.create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="time",
        FeatureDefinitions=[{"FeatureName": "id", "FeatureType": "String"}],
    )


def _execution(sagemaker: SageMakerClient, name: str) -> None:
    sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=name.ljust(32, "x"))


@pytest.mark.parametrize(
    ("create", "reason"),
    [
        (_training, "it runs no training jobs; its AutoML jobs train"),
        (_processing, "it runs no processing jobs"),
        (_tuning, "it runs no hyperparameter tuning jobs; an AutoML job can tune"),
        (_feature_group, "it has no feature store"),
        (_execution, "it runs no pipelines"),
    ],
)
def test_a_job_that_would_not_run_is_refused_with_the_reason(
    create: Any, reason: str, sagemaker: SageMakerClient
) -> None:
    """A job without a model, with a bucket that is not there or with an invented metric is never Completed."""
    with pytest.raises(ClientError, match=f"UnknownOperationException.*: {reason}"):
        create(sagemaker, unique())


def test_what_can_be_created_can_be_described_listed_and_deleted() -> None:
    """Except AutoML and transform jobs, which the service keeps; versions have a describing operation of their own."""
    created = {name.removeprefix("Create") for name in ANSWERED if name.startswith("Create")}
    for kind in created:
        assert f"Describe{kind}" in ANSWERED
        if kind != "AutoMLJobV2":
            assert f"List{kind}s" in ANSWERED
        if not kind.startswith(("AutoML", "TransformJob")):
            assert f"Delete{kind}" in ANSWERED


def _enums(shape: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """List the enum values in a shape, with the name of their shape."""
    if shape is None or shape.name in path:
        return
    inner = (*path, shape.name)
    if shape.type_name == "structure":
        for member in shape.members.values():
            yield from _enums(member, inner)
    elif shape.type_name == "list":
        yield from _enums(shape.member, inner)
    elif shape.type_name == "map":
        yield from _enums(shape.value, inner)
    elif shape.type_name == "string":
        yield from ((value, shape.name) for value in shape.enum)


@pytest.mark.parametrize("operation", sorted(LEFT_TO_MOTO))
def test_no_answer_of_moto_can_claim_work(operation: str) -> None:
    """The one status in these answers that may say Completed is the one that the client itself has sent."""
    output = get_session().get_service_model("sagemaker").operation_model(operation).output_shape
    claims = {"Completed", "Succeeded", "InService", "Active", "Created"}
    assert {shape for value, shape in _enums(output) if value in claims} <= {"TrialComponentPrimaryStatus"}


def test_a_trial_component_comes_back_as_it_was_sent(sagemaker: SageMakerClient) -> None:
    """With its members and its status, beside its experiment, trial and tags."""
    name, moment = unique("component"), datetime(2026, 1, 1, tzinfo=UTC)
    sent: Any = {
        "TrialComponentName": name,
        "DisplayName": "shown",
        "Status": {"PrimaryStatus": "InProgress", "Message": "said by the client"},
        "StartTime": moment,
        "EndTime": moment,
        "Parameters": {"rate": {"NumberValue": 0.5}},
        "InputArtifacts": {"data": {"MediaType": "text/csv", "Value": "s3://bucket/data"}},
        "OutputArtifacts": {"model": {"Value": "s3://bucket/model"}},
        "MetadataProperties": {"CommitId": "c", "Repository": "r", "GeneratedBy": "g", "ProjectId": "p"},
    }
    shape: Any = sagemaker.meta.service_model.operation_model("CreateTrialComponent").input_shape
    members = set(shape.members)
    assert set(sent) == members - FORGOTTEN["CreateTrialComponent"]
    arn = sagemaker.create_trial_component(**sent)["TrialComponentArn"]
    described = sagemaker.describe_trial_component(TrialComponentName=name)
    assert {member: described.get(member) for member in sent} == sent
    sagemaker.create_experiment(ExperimentName=name)
    sagemaker.create_trial(TrialName=name, ExperimentName=name)
    sagemaker.associate_trial_component(TrialName=name, TrialComponentName=name)
    (listed,) = sagemaker.list_trial_components(TrialName=name)["TrialComponentSummaries"]
    assert listed["TrialComponentName"] == name
    sagemaker.add_tags(ResourceArn=arn, Tags=TAGS)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == TAGS


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("create_experiment", {"ExperimentName": "x", "Description": "d", "DisplayName": "d", "Tags": TAGS}),
        ("create_trial", {"TrialName": "x", "ExperimentName": "x", "Tags": TAGS}),
        ("create_trial_component", {"TrialComponentName": "x", "Tags": TAGS}),
        ("list_experiments", {"SortBy": "Name"}),
        ("list_trials", {"CreatedAfter": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("list_trial_components", {"ExperimentName": "x"}),
    ],
)
def test_a_member_that_would_be_forgotten_is_refused(
    operation: str, members: dict[str, Any], sagemaker: SageMakerClient
) -> None:
    """Moto drops it without a word."""
    with pytest.raises(ClientError, match=r"ValidationException.*The emulator does not support"):
        getattr(sagemaker, operation)(**members)


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("describe_experiment", {"ExperimentName": "none"}),
        ("delete_experiment", {"ExperimentName": "none"}),
        ("create_trial", {"TrialName": "x", "ExperimentName": "none"}),
        ("describe_trial", {"TrialName": "none"}),
        ("associate_trial_component", {"TrialName": "none", "TrialComponentName": "none"}),
        ("disassociate_trial_component", {"TrialName": "none", "TrialComponentName": "none"}),
        ("update_trial_component", {"TrialComponentName": "none"}),
        ("list_trials", {"ExperimentName": "none"}),
    ],
)
def test_an_experiment_that_is_not_there_is_not_found(
    operation: str, members: dict[str, str], sagemaker: SageMakerClient
) -> None:
    """Whatever is done with it; moto answers some of these as if it had been done."""
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="with name none"):
        getattr(sagemaker, operation)(**members)


def test_a_second_experiment_of_a_name_is_refused(sagemaker: SageMakerClient) -> None:
    """It would replace the first one with its trials."""
    name = unique("experiment")
    sagemaker.create_experiment(ExperimentName=name)
    with pytest.raises(ClientError, match=r"ValidationException.*already exists"):
        sagemaker.create_experiment(ExperimentName=name)


@pytest.mark.parametrize("kind", ["experiment", "experiment-trial", "training-job", "model-card"])
def test_tags_of_what_is_not_there_are_refused(kind: str, sagemaker: SageMakerClient) -> None:
    """Also of kinds that the emulator does not have."""
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:{kind}/none"
    for ask in (
        lambda: sagemaker.list_tags(ResourceArn=arn),
        lambda: sagemaker.add_tags(ResourceArn=arn, Tags=TAGS),
        lambda: sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"]),
    ):
        with pytest.raises(ClientError, match=r"ValidationException.*does not exist"):
            ask()
