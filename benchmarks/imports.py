"""Measure how long a DAG file takes to import our operators, compared with the Amazon provider's for SageMaker."""

from __future__ import annotations

import statistics
import subprocess
import sys

from demo.sandbox import REPOSITORY, airflow_environment

_ROUNDS = 5
_IMPORTS = {
    "ours": "airflow_sagemaker_automl.operators import SageMakerAutoMLJobOperator, SageMakerRegisterCandidateOperator",
    "provider": "airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator",
}
_PROGRAM = """
import time
import airflow.sdk  # What every DAG file has.
from airflow.sdk import DAG, BaseOperator
began = time.perf_counter()
from {what}
print(time.perf_counter() - began)
"""


def main() -> None:
    """Print the medians; each import runs in a new process, alternating between the two sides."""
    seconds: dict[str, list[float]] = {subject: [] for subject in _IMPORTS}
    for _ in range(_ROUNDS):
        for subject, what in _IMPORTS.items():
            seconds[subject].append(_import_seconds(what))
    medians = {subject: statistics.median(measured) for subject, measured in seconds.items()}
    print(f"Time to import operators after airflow.sdk, median of {_ROUNDS} new processes")
    for subject, median in medians.items():
        print(f"  {subject:<10} {median * 1e3:7.0f} ms   {median / medians['provider']:5.2f} x the provider's")


def _import_seconds(what: str) -> float:
    output = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(what=what)],
        env=airflow_environment(REPOSITORY / "build" / "bench" / "airflow", "http://127.0.0.1:9"),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return float(output.split()[-1])


if __name__ == "__main__":
    main()
