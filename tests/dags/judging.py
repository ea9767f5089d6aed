"""Gates whose leaves are resolved by Airflow, alone and mapped, with the registration that follows."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task, task_group

from airflow_sagemaker_automl import (
    BetterThanChampion,
    QualityGate,
    SageMakerQualityGateOperator,
    SageMakerRegisterCandidateOperator,
    Threshold,
    approved,
    automl_retraining,
    registered,
)
from tests.support.jobs import tabular_request

GROUP = "judging"

with DAG(
    dag_id="judge",
    schedule=None,
    params={"job_name": "job", "margin": 0.0, "metric": "F1"},
) as judging:

    @task
    def known_later() -> dict[str, Any]:
        """Find out what a DAG author cannot know."""
        return {"minimum": 0.5}

    later: Any = known_later()
    judge = SageMakerQualityGateOperator(
        task_id="judge",
        job_name="{{ params.job_name }}",
        model_package_group_name=GROUP,
        may_be_new_group=True,
        gate=QualityGate(
            thresholds=[Threshold(metric="{{ params.metric }}", minimum=later["minimum"])],
            champion=BetterThanChampion(margin="{{ params.margin }}"),
        ),
    )
    SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=judge.output["job_name"],
        model_package_group_name=GROUP,
        verdict=judge.output,
        deferrable=False,
        outlets=[registered(GROUP), approved(GROUP)],
    )

with DAG(
    dag_id="judge_each",
    schedule=None,
    params={"job_names": ["job"], "margin": 0.0},
) as judging_each:

    @task
    def trained(params: Any = None) -> list[str]:
        """Name the jobs."""
        return list(params["job_names"])

    names: Any = trained()
    judge_each = SageMakerQualityGateOperator.partial(
        task_id="judge_each",
        model_package_group_name=GROUP,
        gate=QualityGate(champion=BetterThanChampion(margin="{{ params.margin }}")),
        on_rejected="fail",
    ).expand(job_name=names)
    judge_each >> SageMakerRegisterCandidateOperator.partial(
        task_id="register_first",
        job_name="{{ ti.xcom_pull('judge_each')[0].job_name }}",
        model_package_group_name=GROUP,
        deferrable=False,
        trigger_rule="all_done",
    ).expand(verdict=["{{ ti.xcom_pull('judge_each')[0] | tojson }}"])

with DAG(dag_id="retrain_each", schedule=None, params={"groups": ["group"]}) as retraining_each:

    @task
    def groups(params: Any = None) -> list[str]:
        """Name the groups."""
        return list(params["groups"])

    @task_group
    def each(group: str) -> None:
        """Retrain the model of one group."""
        automl_retraining(
            request=tabular_request("s3://no-such-bucket/at-all/"),
            model_package_group_name=group,
            gate=QualityGate(champion=BetterThanChampion()),
            default_args={"deferrable": True},
        )

    names_of_groups: Any = groups()
    each.expand(group=names_of_groups)
