"""``make demo``: the retraining DAG, from a real table to a registered model version, inside a real Airflow."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from demo.progress import JobProgress
from demo.report import Outcome
from demo.sandbox import (
    REPOSITORY,
    airflow_environment,
    emulator,
    end,
    interrupt_on_signals,
    sagemaker_client,
    upload_breast_cancer,
)

FOLDER = REPOSITORY / "build" / "demo"
DAG_ID = "automl_retraining"
GROUP = "breast-cancer"
_FILES = (
    ("Model card", "model_card.html"),
    ("", "model_card.md"),
    ("", "model_card.json"),
    ("Summary", "summary.json"),
)
_LOOK_EVERY_SECONDS = 0.5


def main() -> int:
    """Run the demo.

    :return: exit status: 0 where a version was registered.
    """
    interrupt_on_signals()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    log = FOLDER / "airflow.log"
    try:
        with emulator() as url:
            print(f"Emulator on {url}; data at {upload_breast_cancer(url)}", flush=True)
            succeeded = _run_dag(url, log)
            if succeeded:
                _report(Outcome(sagemaker_client(url), GROUP))
    except KeyboardInterrupt:
        print("\nInterrupted; emulator and Airflow are ended.", file=sys.stderr)
        return 130
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    if not succeeded:
        print(f"The DAG run failed: {_last_error(log)}\nAll of Airflow's log: {_shown(log)}", file=sys.stderr)
    return 0 if succeeded else 1


def _run_dag(url: str, log: Path) -> bool:
    environment = airflow_environment(FOLDER / "airflow", url)
    progress = JobProgress(sagemaker_client(url))
    print(f"Airflow starts; its log is {_shown(log)}", flush=True)
    with log.open("w") as output:
        migrate = subprocess.run(["airflow", "db", "migrate"], env=environment, stdout=output, stderr=output)
        if migrate.returncode:
            return False
        print(progress.line(f"airflow dags test {DAG_ID}"), flush=True)
        process = subprocess.Popen(
            ["airflow", "dags", "test", DAG_ID], env=environment, stdout=output, stderr=output, start_new_session=True
        )
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
    """Find the line that says why: the last exception, not the last line of a traceback before it."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line and not line.startswith((" ", "["))]
    errors = [line for line in lines if "Exception: " in line or "Error: " in line or "automl.exceptions" in line]
    return (errors or lines or ["no log"])[-1]


def _shown(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


if __name__ == "__main__":
    sys.exit(main())
