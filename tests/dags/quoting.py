"""Mapped registrations whose verdict and card, from an XCom, quote what would be a template in a DAG file."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator

QUOTED = "{{ var.value.told_to_nobody }}"

with DAG(dag_id="quoting", schedule=None, params={"job_name": "job", "group": "group"}):

    @task
    def verdicts() -> list[dict[str, Any]]:
        """Judge, in somebody else's words."""
        rule = {"name": f"rule {QUOTED}", "passed": True, "value": 1.0, "limit": 0.5, "reason": QUOTED}
        return [{"approved": True, "champion": None, "rules": [rule]}]

    @task
    def cards() -> list[dict[str, Any]]:
        """Describe the model, in somebody else's words."""
        return [{"intended_uses": {"purpose_of_model": f"purpose {QUOTED}"}}]

    @task
    def keywords(verdicts: list[Any], cards: list[Any]) -> list[dict[str, Any]]:
        """Give both by the names of arguments."""
        return [{"verdict": verdicts[0], "model_card": cards[0]}]

    judged: Any = verdicts()
    described: Any = cards()
    mapped = {
        task_id: SageMakerRegisterCandidateOperator.partial(
            task_id=task_id,
            job_name="{{ params.job_name }}",
            model_package_group_name="{{ params.group }}-{{ task.task_id | replace('_', '-') }}",
            description="By run {{ run_id }}",
            deferrable=False,
        )
        for task_id in ("by_argument", "by_keyword")
    }
    mapped["by_argument"].expand(verdict=judged, model_card=described)
    together: Any = keywords(judged, described)
    mapped["by_keyword"].expand_kwargs(together)
