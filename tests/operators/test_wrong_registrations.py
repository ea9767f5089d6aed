"""What cannot be registered, or changed, is said in so many words, and nothing has been created or changed then."""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator, SageMakerUpdateModelPackageOperator, exceptions
from airflow_sagemaker_automl.tasks.registration_fields import RegistrationRefusedAtParse
from demo.sandbox import sagemaker_client
from tests.support.jobs import tabular_request, wait
from tests.support.plain_http import send
from tests.support.registration_corpus import read_corpus

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from mypy_boto3_sagemaker import SageMakerClient

JOB = "job-1"
GROUP = "churn"
VERSION = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{GROUP}/1"
CORPUS = read_corpus(Path(__file__).parent / "wrong_registrations.yaml")
OF_THE_CORE = read_corpus(Path(__file__).parent.parent / "core" / "rules" / "wrong_registrations.yaml")
SCHEMA = json.loads((files("airflow_sagemaker_automl.core.card") / "model_card.schema.json").read_text("utf-8"))
READING = ("Describe", "List", "BatchDescribe", "Get", "Search", "AssumeRole")
_PLAIN = {"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}


def _served_with(keys: str) -> dict[str, Any]:
    """Describe a container that can choose what it answers with."""
    environment = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label", "SAGEMAKER_INFERENCE_SUPPORTED": keys}
    return {**_PLAIN, "Environment": environment}


_CONTAINER = _served_with("predicted_label,probability,probabilities,labels")
_GOOD = {
    "CandidateName": "good",
    "FinalAutoMLJobObjectiveMetric": {"MetricName": "Accuracy", "Type": "Maximize", "Value": 0.75},
    "InferenceContainers": [_CONTAINER],
}
_CANDIDATES = [
    {"Candidate": _GOOD},
    {"Candidate": {**_GOOD, "CandidateName": "failed", "CandidateStatus": "Failed"}},
    {"Candidate": {"CandidateName": "bare"}},
]
_RUNNING = [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 3600}]
# How the job of an entry has gone, as a script of the emulator.
JOBS: Mapping[str, Mapping[str, Any]] = {
    "completed": {
        "Candidates": _CANDIDATES,
        "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "good"},
    },
    "out of time": {
        "Candidates": _CANDIDATES,
        "Ending": {"AutoMLJobStatus": "Completed", "AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached"},
    },
    "bare": {
        "Candidates": _CANDIDATES,
        "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "bare"},
    },
    "definitions": {
        "Ending": {"AutoMLJobStatus": "Completed", "AutoMLJobSecondaryStatus": "CandidateDefinitionsGenerated"}
    },
    "failed": {"Ending": {"AutoMLJobStatus": "Failed", "FailureReason": "The role cannot read the data."}},
    "hosted with few keys": {
        "Candidates": [{"Candidate": {**_GOOD, "InferenceContainers": [_CONTAINER, _served_with("predicted_label")]}}],
        "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "good"},
    },
    "regression": {
        "Candidates": [{"Candidate": {**_GOOD, "InferenceContainers": [_PLAIN]}}],
        "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "good"},
    },
    "stopped": {"Ending": {"AutoMLJobStatus": "Stopped"}},
    "running": {"Stages": _RUNNING, "Candidates": _CANDIDATES, "Ending": {"AutoMLJobStatus": "Completed"}},
}


def train(url: str, sagemaker: SageMakerClient, kind: str) -> None:
    """Let a job go as its kind says, to its end if it has one."""
    status, answer = send(f"{url}/automl-emulator/scripts/script?job-names={JOB}", "PUT", JOBS[kind])
    assert status in (200, 201), answer
    sagemaker.create_auto_ml_job_v2(AutoMLJobName=JOB, **tabular_request("s3://bucket/none/"))
    wait(sagemaker, JOB, until="TrainingModels")


def registry(sagemaker: SageMakerClient) -> dict[str, Any]:
    """Read everything that is registered."""
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    listed = [
        sagemaker.list_model_packages(ModelPackageGroupName=group["ModelPackageGroupName"])["ModelPackageSummaryList"]
        for group in groups
    ]
    versions = [
        sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
        for summaries in listed
        for summary in summaries
    ]
    return {"groups": groups, "versions": [{**version, "ResponseMetadata": None} for version in versions]}


def register_version(sagemaker: SageMakerClient, members: Mapping[str, Any]) -> None:
    """Register the one version that updates are about."""
    sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    given = {"InferenceSpecification": {"Containers": [_PLAIN]}, **members}
    sagemaker.create_model_package(ModelPackageGroupName=GROUP, **given)


def prepare(entry: Mapping[str, Any], url: str) -> SageMakerClient:
    """Bring about what an entry is about: the job, or the version."""
    sagemaker = sagemaker_client(url)
    if entry.get("task") == "update":
        register_version(sagemaker, entry.get("version", {}))
    elif entry.get("job") != "absent":
        train(url, sagemaker, entry.get("job", "completed"))
    return sagemaker


def operator(entry: Mapping[str, Any], connection: str, **arguments: Any) -> BaseOperator:
    """Make the task of an entry, from arguments that stand in a DAG file."""
    with DAG("wrong", schedule=None):
        if entry.get("task") == "update":
            given = {"model_package_arn": VERSION, **arguments}
            return SageMakerUpdateModelPackageOperator(task_id="task", aws_conn_id=connection, **given)
        given = {"job_name": JOB, "model_package_group_name": GROUP, **arguments}
        return SageMakerRegisterCandidateOperator(task_id="task", aws_conn_id=connection, **given)


def rendered(entry: Mapping[str, Any], connection: str) -> BaseOperator:
    """Make the task of an entry as a worker has it, whose arguments were templates in the DAG file."""
    given = entry.get("with", {})
    if entry.get("task") == "update":
        given = {"approval_status": None, **given}
    task = operator(entry, connection, **dict.fromkeys(given, "{{ later }}"))
    for name, value in given.items():
        setattr(task, name, copy.deepcopy(value))
    return task


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["wrong"])
def test_a_wrong_registration_creates_and_changes_nothing(
    entry: dict[str, Any], context: Any, private_url: str, private_connection: str
) -> None:
    """The corpus: each refused in these words, with no mutating call but those that the service itself refused."""
    sagemaker = prepare(entry, private_url)
    before = registry(sagemaker)
    send(f"{private_url}/automl-emulator/faults", "PUT", {"DeniedOperations": entry.get("denied", [])})
    send(f"{private_url}/automl-emulator/requests", "DELETE")
    with pytest.raises(getattr(exceptions, entry.get("raises", ""), AirflowFailException)) as refused:
        rendered(entry, private_connection).execute(context)
    asked = send(f"{private_url}/automl-emulator/requests", "GET")[1]["Requests"]
    send(f"{private_url}/automl-emulator/faults", "DELETE")
    assert str(refused.value) == entry["says"]
    assert {operation for operation in asked if not operation.startswith(READING)} == set(entry.get("refused", []))
    assert registry(sagemaker) == before


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["wrong"])
def test_a_dag_file_shows_what_it_can(entry: dict[str, Any]) -> None:
    """What is literal is an import error in the same words, with the task's id first; all else is left to the task."""
    said = ""
    try:
        operator(entry, "aws_default", **copy.deepcopy(entry.get("with", {})))
    except RegistrationRefusedAtParse as refused:
        said = str(refused)
    expected = entry.get("at_parse", "")
    at_execution = entry["says"] if expected is True else expected
    assert said == re.sub(r"^The model package cannot be sent[:;] ", "task: ", at_execution)


def limits(schema: Mapping[str, Any], path: str = "model_card") -> Iterator[str]:
    """Walk the card's schema: the end of the sentence about each limit, with its place and its number."""
    while "$ref" in schema:
        schema = functools.reduce(lambda part, step: part[step], schema["$ref"].split("/")[1:], SCHEMA)
    for keyword, unit in (("maxLength", "characters"), ("maxItems", "entries")):
        if keyword in schema:
            most = schema[keyword]
            yield f"{path} = … must have at most {most} {unit}; it has {most + 1}"
    for name, member in schema.get("properties", {}).items():
        yield from limits(member, f"{path}.{name}")
    for alternative in schema.get("anyOf", []):
        yield from limits(alternative, path)
    if "items" in schema:
        yield from limits(schema["items"], f"{path}[0]")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from limits(schema["additionalProperties"], f"{path}.note")


def test_each_limit_of_the_card_is_exceeded_by_one() -> None:
    """The corpus reaches every largest length and number of the card's schema."""
    said = {re.sub(r"^.*cannot be sent: (\S+) = .* must have", r"\1 = … must have", entry["says"]) for entry in CORPUS}
    assert [limit for limit in limits(SCHEMA) if limit not in said] == []


def test_the_corpora_are_as_large_as_promised() -> None:
    """Those of the operators and of the core; each wrong registration has a name of its own."""
    names = [entry["wrong"] for entry in CORPUS]
    assert len(set(names)) == len(names)
    assert len(names) >= 60
    assert len(OF_THE_CORE) >= 100
