"""Each way to write a request, its leaves resolved by Airflow; the tasks end as soon as their jobs are accepted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    CompletionCriteria,
    InputChannel,
    SageMakerAutoMLJobOperator,
    Tabular,
    TimeSeriesForecasting,
    from_v1,
)
from tests.support.requests import LARGEST_CONFIGS, ROLE, largest, smallest, spoiled


def leaves(tree: Any) -> list[Any]:
    """List what stands at the ends of a tree."""
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in leaves(item)]
    return [leaf for item in tree for leaf in leaves(item)] if isinstance(tree, list) else [tree]


def with_leaves(tree: Any, write: Callable[[int], Any], position: list[int]) -> Any:
    """Copy a tree with another value at each end; positions are those of :func:`leaves`."""
    if isinstance(tree, dict):
        return {key: with_leaves(item, write, position) for key, item in tree.items()}
    if isinstance(tree, list):
        return [with_leaves(item, write, position) for item in tree]
    position[0] += 1
    return write(position[0] - 1)


def unnamed(kind: str) -> dict[str, Any]:
    """Write the largest request of a type; the operator gives the name."""
    return {key: value for key, value in largest(kind).items() if key != "AutoMLJobName"}


def template_of(kind: str) -> Callable[[int], str]:
    """Write templates for the leaves of a type's request, which are parameters of the run."""
    return lambda number: f"{{{{ params.{kind}[{number}] }}}}"


submit: Any = {"wait_for_completion": False, "deferrable": False}

with DAG(dag_id="templated_leaves", schedule=None, params={kind: leaves(unnamed(kind)) for kind in LARGEST_CONFIGS}):
    SageMakerAutoMLJobOperator.partial(task_id="submit", **submit).expand(
        request=[with_leaves(unnamed(kind), template_of(kind), [0]) for kind in LARGEST_CONFIGS]
    )

with DAG(dag_id="xcom_leaves", schedule=None):

    @task(multiple_outputs=True)
    def known_later() -> dict[str, Any]:
        """Find out what a DAG author cannot know: values of each kind, a list and a mapping among them."""
        values = {f"leaf{number}": leaf for number, leaf in enumerate(leaves(unnamed("TabularJobConfig")))}
        return {
            **values,
            "target": "demand",
            "uri": "s3://bucket/train/",
            "horizon": 14,
            "seconds": "7200",
            "quantiles": ["p10", "p90"],
            "filling": {"demand": {"middlefill": "zero"}},
            "algorithms": ["ets"],
        }

    values = known_later()
    SageMakerAutoMLJobOperator(
        task_id="dictionary",
        request=with_leaves(unnamed("TabularJobConfig"), lambda number: values[f"leaf{number}"], [0]),
        **submit,
    )
    SageMakerAutoMLJobOperator(
        task_id="typed",
        request=AutoMLJobRequest(
            problem_type=TimeSeriesForecasting(
                target=values["target"],
                timestamp="day",
                item_identifier="item",
                frequency="{{ '1D' }}",
                horizon=values["horizon"],
                quantiles=values["quantiles"],
                filling=values["filling"],
                algorithms=values["algorithms"],
                completion=CompletionCriteria(max_job_seconds=values["seconds"]),
            ),
            training_data=InputChannel(uri=values["uri"]),
            output="s3://bucket/out",
            role_arn=ROLE,
        ),
        **submit,
    )

with DAG(dag_id="other_spellings", schedule=None, params={"target": "y", "candidates": 3}):
    SageMakerAutoMLJobOperator(task_id="file", request="requests/tabular.yaml", **submit)
    SageMakerAutoMLJobOperator.partial(task_id="mapped", **submit).expand(
        request=[
            "requests/tabular.yaml",
            AutoMLJobRequest(
                problem_type=Tabular(target="{{ params.target }}"),
                training_data="s3://bucket/train/",
                output="s3://bucket/out",
                role_arn=ROLE,
            ).to_api(),
        ]
    )
    SageMakerAutoMLJobOperator(
        task_id="migrated",
        request=from_v1(
            {
                "InputDataConfig": [
                    {
                        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}},
                        "TargetAttributeName": "{{ params.target }}",
                    }
                ],
                "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
                "AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": "{{ params.candidates }}"}},
                "RoleArn": ROLE,
            }
        ).request,
        **submit,
    )

with DAG(dag_id="refused_late", schedule=None, default_args={"retries": 2, "retry_delay": timedelta(seconds=0)}):

    @task
    def wrong_requests() -> list[dict[str, Any]]:
        """Give requests of which one breaks a rule, which nobody can know before the run."""
        mode = ("AutoMLProblemTypeConfig", "TabularJobConfig", "Mode")
        return [smallest(), spoiled(smallest(), mode, "ENSEMBLE")]

    SageMakerAutoMLJobOperator.partial(task_id="mapped", **submit).expand(request=wrong_requests())
    SageMakerAutoMLJobOperator(
        task_id="rendered", request=spoiled(smallest(), ("RoleArn",), "{{ 'a role' }}"), **submit
    )
