"""An account in which tables are scored: a version without a real model, and jobs that a test answers itself."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl import SageMakerBatchScoringOperator
from demo.sandbox import BUCKET
from tests.support.jobs import ROLE, start, tabular_request, unique, wait
from tests.support.plain_http import send
from tests.support.scripts import CANDIDATE, script_jobs
from tests.support.tasks import deferral, resume
from tests.support.transforms import wait_for_transform
from tests.support.versions import decide, register

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

# Handles a call to AWS: operation, arguments, and what sends it and returns the answer.
Handle = Callable[[str, Any, Callable[[], Any]], Any]
COLUMNS = ["age", "income", "note"]
TARGET = "churned"
_KEYS = "predicted_label,probability"
_ENVIRONMENT = {
    "SAGEMAKER_INFERENCE_OUTPUT": _KEYS,
    "SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label,probability,probabilities,labels",
}

_CONTAINER = {"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": _ENVIRONMENT}
_REGRESSOR = {"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}


def _aged(row: Sequence[str]) -> str:
    return f"aged {row[0]},0.{row[0]}"


@dataclass
class Account:
    """An emulator that nobody else uses.

    :param faults: in force besides those that a test adds.
    """

    url: str
    sagemaker: SageMakerClient
    s3: S3Client
    faults: dict[str, Any] = field(default_factory=dict)

    def version(self, *, decision: str | None = "Approved", problem: Any = None, kind: str = "", **members: Any) -> str:
        """Register a version of a model that was trained on COLUMNS and TARGET.

        :param decision: None leaves it undecided.
        :param problem: member of ``AutoMLProblemTypeConfig`` in place of a table's.
        :param kind: problem type that the job found. Default: it does not say.
        :return: its ARN.
        """
        name = self.job(problem, kind)
        specification = {
            "Containers": [_REGRESSOR if kind == "Regression" else _CONTAINER],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        given = {"InferenceSpecification": specification, "CustomerMetadataProperties": {"automl_job_name": name}}
        group = members.pop("group", None) or unique("group")
        arn = register(self.sagemaker, group, **{**given, **members})
        if decision:
            decide(self.sagemaker, arn, decision)  # type: ignore[arg-type]
        return arn

    def job(self, problem: Any = None, kind: str = "") -> str:
        """Train a candidate on COLUMNS and TARGET.

        :param problem: member of ``AutoMLProblemTypeConfig`` in place of a table's.
        :param kind: problem type that the job found. Default: it does not say.
        :return: name of its job.
        """
        name = unique()
        container = _REGRESSOR if kind == "Regression" else _CONTAINER
        found: Any = {"AutoMLProblemTypeResolvedAttributes": {"TabularResolvedAttributes": {"ProblemType": kind}}}
        candidate = {**CANDIDATE, "InferenceContainers": [container]}
        script_jobs(self.url, name, candidate, resolved=found if kind else None)
        request = tabular_request(self.put("training", _csv([*COLUMNS, TARGET], [[1, 2, "x", "yes"]])), TARGET)
        if problem:
            request["AutoMLProblemTypeConfig"] = problem
        start(self.sagemaker, request, name)
        wait(self.sagemaker, name)
        return name

    def put(self, folder: str, body: bytes | str, name: str = "rows.csv") -> str:
        """Upload an object below a new prefix, and return the prefix."""
        prefix = unique(folder)
        self.s3.put_object(Bucket=BUCKET, Key=f"{prefix}/{name}", Body=body)
        return f"s3://{BUCKET}/{prefix}/"

    def rows(self, count: int = 3, **columns: Sequence[Any]) -> str:
        """Upload rows of COLUMNS and an ``id``, and return their prefix."""
        table = [[f"no. {number}", 20 + number, number * 1000, f"note, {number}"] for number in range(1, count + 1)]
        names = ["id", *COLUMNS]
        for name, values in columns.items():
            names.append(name)
            table = [[*row, value] for row, value in zip(table, values, strict=True)]
        return self.put("rows", _csv(names, table))

    def hold(self, **members: Any) -> None:
        """Let transform jobs that are created from now on work until :meth:`end`."""
        self.script({"Held": True, "Ending": {"TransformJobStatus": "Completed"}, **members})

    def end(self) -> None:
        """Let the jobs end, and those that are created from now on at once."""
        self.script({"Ending": {"TransformJobStatus": "Completed"}})

    def script(self, document: Mapping[str, Any], jobs: str = "*") -> None:
        """Let transform jobs that are created from now on follow a script, in place of the one of the same jobs.

        :param jobs: their name. Default: all that have no script of their own.
        """
        name = "transforms" if jobs == "*" else jobs
        status, answer = send(f"{self.url}/automl-emulator/scripts/{name}?transform-jobs={jobs}", "PUT", document)
        assert status in (200, 201), answer

    def fault(self, **members: Any) -> None:
        """Let things go wrong, in place of what did before."""
        status, answer = send(f"{self.url}/automl-emulator/faults", "PUT", {**self.faults, **members})
        assert status == 200, answer

    def answer(self, name: str, predict: Callable[[Sequence[str]], str] = _aged) -> None:
        """Write the predictions of a job.

        :param predict: makes the line of a row. Default: the label is the age, as text.
        """
        job = self.sagemaker.describe_transform_job(TransformJobName=name)
        source = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        target = job["TransformOutput"]["S3OutputPath"].rstrip("/")
        for uri in self.objects(source):
            rows = csv.reader(io.StringIO(self.read(uri)))
            scored = "".join(f"{predict(row)}\n" for row in rows)
            self.write(f"{target}/{uri.rpartition('/')[2]}.out", scored)

    def objects(self, prefix: str) -> list[str]:
        """List the URIs below a prefix."""
        bucket, _, key = prefix.removeprefix("s3://").partition("/")
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        return [f"s3://{bucket}/{entry['Key']}" for page in pages for entry in page.get("Contents", [])]

    def names(self, prefix: str) -> list[str]:
        """List the names below a prefix, without it."""
        return [uri.removeprefix(prefix) for uri in self.objects(prefix)]

    def read(self, uri: str) -> str:
        """Read an object."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    def write(self, uri: str, body: str, **members: Any) -> None:
        """Write an object."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), **members)

    def models(self) -> list[str]:
        """List the names of all models, oldest first."""
        listed = self.sagemaker.list_models(SortBy="CreationTime", SortOrder="Ascending", MaxResults=100)["Models"]
        return [model["ModelName"] for model in listed]

    def jobs(self) -> dict[str, str]:
        """List all transform jobs, oldest first: name and status."""
        listed = self.sagemaker.list_transform_jobs(SortBy="CreationTime", SortOrder="Ascending", MaxResults=100)
        return {job["TransformJobName"]: job["TransformJobStatus"] for job in listed["TransformJobSummaries"]}

    def marker(self, place: str) -> dict[str, Any]:
        """Read the marker beside a table."""
        found: dict[str, Any] = json.loads(self.read(f"{place}_SUCCESS"))
        return found


def operator(**arguments: Any) -> SageMakerBatchScoringOperator:
    """Make the operator under test; it waits in the triggerer unless told otherwise."""
    defaults = {"task_id": "score", "role_arn": ROLE, "deferrable": True, "poll_interval": 0.2}
    return SageMakerBatchScoringOperator(**{**defaults, **arguments})


def place() -> str:
    """Make an output prefix that nobody else uses."""
    return f"s3://{BUCKET}/{unique('scores')}/"


def scored(account: Account, task: Any, context: Any) -> dict[str, Any]:
    """Score to the end: the job starts, is answered, and the task resumes."""
    account.hold()
    deferred = deferral(task, context)
    name = deferred.trigger.job_name
    account.answer(name)
    account.end()
    wait_for_transform(account.sagemaker, name)
    result: dict[str, Any] = resume(task, context, deferred, "finished")
    return result


def started(task: Any, context: Any) -> str:
    """Execute a task that then waits, and return the name of its job."""
    return str(deferral(task, context).trigger.job_name)


def finished(account: Account, name: str) -> None:
    """Answer a held job and let it end; jobs that are created later are held again."""
    account.answer(name)
    account.end()
    wait_for_transform(account.sagemaker, name)
    account.hold()


def expected(*numbers: int, key: str = "id") -> str:
    """Write the table of rows that :meth:`Account.rows` made."""
    lines = [f"no. {number},aged {20 + number},0.{20 + number}" for number in numbers]
    return "\n".join([f"{key},predicted_label,probability", *lines, ""])


def _csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    body = io.StringIO()
    writer = csv.writer(body, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return body.getvalue()
