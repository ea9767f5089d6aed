"""Count the calls to SageMaker and STS in one run of the retraining DAG, with a scripted job."""

from __future__ import annotations

import shutil
import subprocess
import sys

from benchmarks.plain_http import send
from demo.sandbox import REPOSITORY, airflow_environment, emulator, interrupt_on_signals, upload_breast_cancer

_FOLDER = REPOSITORY / "build" / "bench" / "calls"
_DAG_ID = "automl_retraining"
_POLLS = frozenset({"ListAutoMLJobs"})
_TRAINING_SECONDS = 15
_CONTAINER = {
    "Image": "image:1",
    "ModelDataUrl": "s3://automl-demo/model.tar.gz",
    "Environment": {"SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label,probability"},
}
_SCRIPT = {
    "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": _TRAINING_SECONDS}],
    "Candidates": [
        {
            "Candidate": {
                "CandidateName": "best",
                "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Type": "Maximize", "Value": 0.9},
                "InferenceContainers": [_CONTAINER],
            }
        }
    ],
    "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "best"},
}


def main() -> int:
    """Run the DAG, and print the calls that the emulator has counted.

    :return: exit status.
    """
    interrupt_on_signals()
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    print(f"A job of {_TRAINING_SECONDS} s is trained, judged, registered and approved inside Airflow ...", flush=True)
    try:
        with emulator() as url:
            upload_breast_cancer(url)
            send(f"{url}/automl-emulator/scripts/benchmark?job-names=*", "PUT", _SCRIPT)
            send(f"{url}/automl-emulator/requests", "DELETE")
            _run_dag(url)
            calls: dict[str, int] = send(f"{url}/automl-emulator/requests", "GET")["Requests"]
    except KeyboardInterrupt:
        return 130
    except subprocess.CalledProcessError as error:
        print(f"{error}; Airflow's log is {_FOLDER / 'airflow.log'}", file=sys.stderr)
        return 1
    polls = sum(number for operation, number in calls.items() if operation in _POLLS)
    print(f"{sum(calls.values())} calls, {polls} of them polls, one every ten seconds")
    for operation, number in calls.items():
        print(f"  {operation:<42} {number:4}")
    return 0


def _run_dag(url: str) -> None:
    environment = airflow_environment(_FOLDER / "airflow", url)
    with (_FOLDER / "airflow.log").open("w") as log:
        for command in (["airflow", "db", "migrate"], ["airflow", "dags", "test", _DAG_ID]):
            subprocess.run(command, env=environment, stdout=log, stderr=log, check=True)


if __name__ == "__main__":
    sys.exit(main())
