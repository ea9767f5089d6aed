"""Completed jobs that were trained once, by the emulator, and go again as they went, without a training.

``tests/recorded/KIND/`` has what the emulator showed of a job when it had ended: in ``job.json`` the request and a
script (:mod:`airflow_sagemaker_automl.emulator.script`), beside it the reports of its best candidate, byte for byte.
Nothing in there was written by hand; :func:`record` makes the folders anew::

    python -m tests.support.recorded

The job's name is in the names of its candidates and in the places of its artifacts. It is replaced by the name of the
job that goes again, so that each of them is told apart from all others, and has its reports in a place of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from demo.sandbox import BUCKET, emulator, s3_client, sagemaker_client, upload_breast_cancer
from tests.support.jobs import put_table, start, tabular_request, unique, wait
from tests.support.plain_http import send

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

Kind = Literal["binary", "multiclass", "regression"]

_FOLDER = Path(__file__).parent / "recorded"
# Member of CandidateArtifactLocations → the report that is there.
_REPORTS = {"ModelInsights": "statistics.json", "Explainability": "analysis.json"}
# The emulator gives a script's candidates these itself.
_TIMES = ("CreationTime", "EndTime", "LastModifiedTime")


def replay(url: str, kind: Kind = "binary", seconds: float = 0) -> str:
    """Let a job go again as it went when it was recorded, and wait for its end.

    :param url: the emulator's.
    :param kind: ``binary`` is a classification of breast cancer with two candidates, ``multiclass`` one of wines by
        three cultivars, ``regression`` one of the progress of diabetes.
    :param seconds: how long it takes.
    :return: its name.
    """
    name, s3, sagemaker = unique(), s3_client(url), sagemaker_client(url)
    recorded = _read(kind, name)
    s3.create_bucket(Bucket=BUCKET)
    for location, file in _reports(recorded["script"]):
        body = (_FOLDER / kind / file).read_bytes().replace(_recorded_name(kind).encode(), name.encode())
        s3.put_object(**_place(location), Body=body)
    stages = [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": seconds}]
    to_the_end = {**recorded["script"], "Stages": stages}
    status, answer = send(f"{url}/automl-emulator/scripts/{name}?job-names={name}", "PUT", to_the_end)
    assert status == 201, answer
    start(sagemaker, recorded["request"], name)
    assert wait(sagemaker, name)["AutoMLJobStatus"] == "Completed"
    return name


def script(kind: Kind, job_name: str = "automl") -> dict[str, Any]:
    """Give the script of a job that was recorded, without stages; its reports are nowhere.

    :param job_name: what candidates and artifacts are named after.
    """
    return dict(_read(kind, job_name)["script"])


def record() -> None:
    """Train the jobs, and write down what the emulator shows of them."""
    with emulator() as url:
        sagemaker, s3 = sagemaker_client(url), s3_client(url)
        for kind, request in _requests(url, s3).items():
            name = start(sagemaker, request, _recorded_name(kind))
            _write(kind, request, wait(sagemaker, name, seconds=600), sagemaker, s3)


def _requests(url: str, s3: S3Client) -> dict[str, dict[str, Any]]:
    """Upload the tables, and write the requests for jobs that are trained on them."""
    from sklearn.datasets import load_diabetes, load_wine

    binary = tabular_request(upload_breast_cancer(url), CompletionCriteria={"MaxCandidates": 2})
    wine = load_wine(as_frame=True).frame.sample(n=600, replace=True, random_state=1)
    # Twice the rows, so that validation has the 200 from which on the report has standard deviations.
    diabetes = load_diabetes(as_frame=True).frame.sample(n=1100, replace=True, random_state=1)
    return {
        "binary": binary,
        "multiclass": _linear(put_table(s3, "wine", wine), "MulticlassClassification", "Accuracy"),
        "regression": _linear(put_table(s3, "diabetes", diabetes), "Regression", "RMSE"),
    }


def _linear(data: str, problem_type: str, metric: str) -> dict[str, Any]:
    algorithms = {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["linear-learner"]}]}
    request = tabular_request(data, "target", ProblemType=problem_type, CandidateGenerationConfig=algorithms)
    return {**request, "AutoMLJobObjective": {"MetricName": metric}}


def _write(kind: str, request: Any, job: dict[str, Any], sagemaker: SageMakerClient, s3: S3Client) -> None:
    assert job["AutoMLJobStatus"] == "Completed", job
    listed: Any = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=job["AutoMLJobName"])["Candidates"]
    candidates = [{key: value for key, value in each.items() if key not in _TIMES} for each in listed]
    ending: dict[str, Any] = {
        "AutoMLJobStatus": job["AutoMLJobStatus"],
        "AutoMLJobSecondaryStatus": job["AutoMLJobSecondaryStatus"],
        "BestCandidate": job["BestCandidate"]["CandidateName"],
        **{key: job[key] for key in ("PartialFailureReasons", "AutoMLJobArtifacts") if key in job},
    }
    written: dict[str, Any] = {
        "Candidates": [{"Candidate": candidate} for candidate in candidates],
        "Ending": ending,
        "ResolvedAttributes": job["ResolvedAttributes"],
    }
    folder = _FOLDER / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "job.json").write_text(json.dumps({"request": request, "script": written}, indent=2) + "\n")
    for location, file in _reports(written):
        (folder / file).write_bytes(s3.get_object(**_place(location))["Body"].read())


def _recorded_name(kind: str) -> str:
    return f"recorded-{kind}-job"


def _read(kind: str, job_name: str) -> dict[str, Any]:
    recorded = (_FOLDER / kind / "job.json").read_text()
    return dict(json.loads(recorded.replace(_recorded_name(kind), job_name)))


def _reports(of: dict[str, Any]) -> list[tuple[str, str]]:
    """List the reports of the best candidate: URI, and name of the file."""
    (best,) = (
        entry["Candidate"]
        for entry in of["Candidates"]
        if entry["Candidate"]["CandidateName"] == of["Ending"]["BestCandidate"]
    )
    locations = best["CandidateProperties"]["CandidateArtifactLocations"]
    return [(f"{locations[member]}/{file}", file) for member, file in _REPORTS.items()]


def _place(uri: str) -> dict[str, Any]:
    parts = urlsplit(uri)
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}


if __name__ == "__main__":
    record()
