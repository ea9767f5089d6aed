"""``make demo``: run the retraining DAG twice in a real Airflow: a first model, and a challenger that is worse."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from demo.alone import alone
from demo.progress import JobProgress
from demo.report import Outcome
from demo.sandbox import (
    BUCKET,
    REPOSITORY,
    TABLES,
    airflow_environment,
    emulator,
    end,
    interrupt_on_signals,
    sagemaker_client,
    upload_breast_cancer,
)
from demo.verdicts import Verdict, verdicts, written

FOLDER = REPOSITORY / "build" / "demo"
DAG_ID = "automl_retraining"
GATE = "retraining.judge"
GROUP = "breast-cancer"
_RUNS = {
    "breast-cancer": "First model: the original table",
    "breast-cancer-damaged": f"Challenger: a copy with {TABLES['breast-cancer-damaged']:.0%} wrong labels",
}
_FILES = (
    ("Model card", "model_card.html"),
    ("", "model_card.md"),
    ("", "model_card.json"),
    ("Summary", "summary.json"),
)
_LOOK_EVERY_SECONDS = 0.5


def main() -> int:
    """Run the demo.

    :return: exit status: 0 if both runs succeed and a version is registered.
    """
    interrupt_on_signals()
    log = FOLDER / "airflow.log"
    try:
        with alone(FOLDER, "make demo"), emulator() as url:
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir(parents=True)
            print(f"Emulator on {url}; data at {upload_breast_cancer(url)}", flush=True)
            said = _run_twice(url, log)
            if said is not None:
                _report(Outcome(sagemaker_client(url), GROUP, said))
    except KeyboardInterrupt:
        print("\nInterrupted; emulator and Airflow are stopped.", file=sys.stderr)
        return 130
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    if said is None:
        print(f"The DAG run failed: {_last_error(log)}\nComplete log of Airflow: {_shown(log)}", file=sys.stderr)
    return 0 if said is not None else 1


def _run_twice(url: str, log: Path) -> list[Verdict] | None:
    """Run the DAG on each table.

    :return: the gate's verdict of each run; None if a run failed.
    """
    environment = airflow_environment(FOLDER / "airflow", url)
    said: list[Verdict] = []
    print(f"Starting Airflow; its log is {_shown(log)}", flush=True)
    with log.open("w") as output:
        migrate = subprocess.run(["airflow", "db", "migrate"], env=environment, stdout=output, stderr=output)
        if migrate.returncode:
            return None
        for table, title in _RUNS.items():
            print(f"\n{title}", flush=True)
            conf = {"training_data": f"s3://{BUCKET}/{table}/", "approval": "automatic"}
            if not _run_dag(conf, environment, output, JobProgress(sagemaker_client(url))):
                return None
            said = verdicts(environment, DAG_ID, GATE)
            print(f"The quality gate: {written(said[-1])}", flush=True)
    return said


def _run_dag(conf: dict[str, str], environment: dict[str, str], output: IO[str], progress: JobProgress) -> bool:
    command = ["airflow", "dags", "test", DAG_ID, "--conf", json.dumps(conf)]
    print(progress.line(" ".join(command[:4])), flush=True)
    process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        while process.poll() is None:
            time.sleep(_LOOK_EVERY_SECONDS)
            for line in progress.news():
                print(line, flush=True)
    finally:
        end(process)
    return process.returncode == 0


def _report(outcome: Outcome) -> None:
    outcome.write(FOLDER)
    summary = outcome.summary()
    print(f"\n{outcome.leaderboard()}\n")
    print(f"Best candidate   {summary['best_candidate']}")
    print(f"Model package    {summary['model_package_arn']}")
    print(f"                 version {summary['model_package_version']}, {summary['approval_status']}")
    for what, file in _FILES:
        print(f"{what:<17}{_shown(FOLDER / file)}")


def _last_error(log: Path) -> str:
    """Find the line with the reason: the last exception, not the last line of a traceback before it."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line and not line.startswith((" ", "["))]
    errors = [line for line in lines if "Exception: " in line or "Error: " in line or "automl.exceptions" in line]
    return (errors or lines or ["no log"])[-1]


def _shown(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


if __name__ == "__main__":
    sys.exit(main())
