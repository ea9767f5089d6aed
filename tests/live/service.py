"""An emulator of a scenario's own, that the live Airflow knows as a connection, and what it has seen of a run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from demo.sandbox import sagemaker_client
from tests.live.rest import CANARY, wait_until
from tests.support.jobs import start, tabular_request, unique
from tests.support.plain_http import send

if TYPE_CHECKING:
    from tests.live.rest import Run

# The access key of Airflow's connection; whoever looks on has another one, so that faults can tell them apart.
FIRST_KEY = "airflow"
FOR_EVER = 24 * 3600
# Of the best candidate of a rehearsed job.
TRAINING_JOB = "best-t1-1"
_MODEL = "s3://bucket/model.tar.gz"
_REQUEST = tabular_request("s3://no-such-bucket/others/")
_CANDIDATE = {
    "CandidateName": "best",
    "CandidateSteps": [
        {
            "CandidateStepType": "AWS::SageMaker::TrainingJob",
            "CandidateStepArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{TRAINING_JOB}",
            "CandidateStepName": TRAINING_JOB,
        }
    ],
    "FinalAutoMLJobObjectiveMetric": {"MetricName": "Accuracy", "Type": "Maximize", "Value": 0.75},
    "InferenceContainers": [{"Image": "image:1", "ModelDataUrl": _MODEL, "Environment": {"PLAIN": CANARY}}],
}


@dataclass(frozen=True)
class Service:
    """The emulator as a scenario sees and disturbs it.

    :param url: its URL.
    :param aws_conn_id: the Airflow connection that points there.
    """

    url: str
    aws_conn_id: str

    @property
    def conf(self) -> dict[str, Any]:
        """What a run is to be triggered with, for its tasks to come here."""
        return {"aws_conn_id": self.aws_conn_id}

    def rehearse(self, seconds: float) -> None:
        """Let all jobs that are created from now on take so long, and end with a model; those that are held end now."""
        self._script(seconds)

    def hold(self) -> None:
        """Let all jobs that are created from now on go on until :meth:`rehearse`, and end with a model then."""
        self._script(0, Held=True)

    def _script(self, seconds: float, **members: Any) -> None:
        script = {
            "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": seconds}],
            "Candidates": [{"AfterSeconds": min(1.0, seconds), "Candidate": _CANDIDATE}],
            "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "best"},
            **members,
        }
        self._control("PUT", "scripts/live?job-names=*", script)

    def occupy(self, places: int) -> list[str]:
        """Start jobs that are none of Airflow's, and that run until they are stopped.

        :return: their names.
        """
        script = {
            "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": FOR_EVER}],
            "Ending": {"AutoMLJobStatus": "Completed"},
        }
        self._control("PUT", "scripts/others?job-names=others-*", script)
        return [start(sagemaker_client(self.url), _REQUEST, unique("others")) for _ in range(places)]

    def stop(self, job_names: list[str]) -> None:
        """Stop jobs, as somebody else would."""
        for name in job_names:
            sagemaker_client(self.url).stop_auto_ml_job(AutoMLJobName=name)

    def disturb(self, **faults: Any) -> None:
        """Let things go wrong, instead of what went wrong so far."""
        self._control("PUT", "faults", faults)

    def recover(self) -> None:
        """End all faults."""
        self._control("DELETE", "faults")

    def jobs(self, run: Run) -> dict[int, list[dict[str, Any]]]:
        """List the jobs of a run's tasks ``train``, by map index, each task's in the order of their creation."""
        client = sagemaker_client(self.url)
        found = defaultdict(list)
        pages = client.get_paginator("list_auto_ml_jobs").paginate(SortBy="CreationTime", SortOrder="Ascending")
        for job in (summary for page in pages for summary in page["AutoMLJobSummaries"]):
            tags = {tag["Key"]: tag["Value"] for tag in client.list_tags(ResourceArn=job["AutoMLJobArn"])["Tags"]}
            if (tags.get("airflow:run_id"), tags.get("airflow:task_id")) == (run.run_id, "train"):
                found[int(tags["airflow:map_index"])].append(dict(job))
        return dict(found)

    def endings(self, run: Run) -> list[str]:
        """List the statuses of the jobs of a task that is not mapped, in the order of their creation."""
        return [job["AutoMLJobStatus"] for job in self.jobs(run).get(-1, [])]

    def wait_until_asked(self, operation: str, times: int = 1) -> None:
        """Wait until an operation has been asked for so often in all."""
        wait_until(lambda: self.asked(operation) >= times, f"{operation} has not been asked for {times} times")

    def count_from_zero(self) -> None:
        """Forget what has been asked for so far."""
        self._control("DELETE", "requests")

    def asked(self, operation: str) -> int:
        """Count how often an operation has been asked for."""
        requests = self._control("GET", "requests")["Requests"]
        return int(requests.get(operation, 0))

    def _control(self, method: str, path: str, document: Any = None) -> Any:
        status, answer = send(f"{self.url}/automl-emulator/{path}", method, document)
        assert status < 300, answer
        return answer


def transform_jobs(url: str, run: Run) -> list[str]:
    """List the statuses of a run's transform jobs."""
    client = sagemaker_client(url)
    pages = client.get_paginator("list_transform_jobs").paginate()
    found: list[str] = []
    for job in (summary for page in pages for summary in page["TransformJobSummaries"]):
        tags = client.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]
        if {"Key": "airflow:run_id", "Value": run.run_id} in tags:
            found.append(job["TransformJobStatus"])
    return found


def assert_all_have_one_model(run: Run, service: Service) -> None:
    """Check that each task ended green with a model of the one job that there is for it."""
    jobs, tasks = service.jobs(run), run.tasks("train")
    assert {task["state"] for task in tasks} == {"success"}
    assert {task["map_index"]: 1 for task in tasks} == {index: len(found) for index, found in jobs.items()}
    for index, [job] in jobs.items():
        result = run.xcom("train", index)
        assert result["job_name"] == job["AutoMLJobName"]
        assert result["best_candidate"]["name"] == "best"
        assert job["AutoMLJobStatus"] == "Completed"


def assert_has_model_of_its_latest_job(run: Run, service: Service) -> None:
    """Check that a task that is not mapped ended green with a model of the last job that was started for it."""
    assert run.task("train")["state"] == "success"
    latest, result = service.jobs(run)[-1][-1], run.xcom("train")
    assert result["job_name"] == latest["AutoMLJobName"]
    assert result["best_candidate"]["name"] == "best"
