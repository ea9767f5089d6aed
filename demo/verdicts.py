"""The quality gate's verdicts in the runs of an Airflow.

``python -m demo.verdicts DAG_ID TASK_ID`` runs in the environment of that Airflow, and prints the verdicts in the order
of the runs, as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

Verdict = dict[str, Any]


def verdicts(environment: dict[str, str], dag_id: str, task_id: str) -> list[Verdict]:
    """Read the verdicts, in a process with the environment of that Airflow.

    :param environment: environment variables of the Airflow.
    :param task_id: the task with the quality gate.
    :return: the verdicts, as :class:`~airflow_sagemaker_automl.core.gate.quality_gate.Verdict` writes them.
    """
    command = [sys.executable, "-m", "demo.verdicts", dag_id, task_id]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: list[Verdict] = json.loads(output.splitlines()[-1])
    return found


def written(verdict: Verdict) -> str:
    """Write a verdict as text, rule by rule."""
    lines = ["approved" if verdict["approved"] else "rejected"]
    for rule in verdict["rules"]:
        lines.append(f"  {'passed' if rule['passed'] else 'FAILED'}  {rule['name']}: {rule['reason']}")
    return "\n".join(lines)


def _read(dag_id: str, task_id: str) -> list[Verdict]:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    query = select(XComModel).where(
        XComModel.dag_id == dag_id, XComModel.task_id == task_id, XComModel.key == "return_value"
    )
    with create_session() as session:
        return [XComModel.deserialize_value(entry) for entry in session.scalars(query.order_by(XComModel.timestamp))]


if __name__ == "__main__":
    print(json.dumps(_read(*sys.argv[1:])))
