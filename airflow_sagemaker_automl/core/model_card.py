"""What we declare: a model card built from the job, its candidates and its reports.

The card's schema is strict and its limits are many, so everything is cut to size while it is built, and checked.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from airflow_sagemaker_automl.core.candidate import Candidate, leaderboard
from airflow_sagemaker_automl.core.card_metrics import evaluation_groups, importance_groups, number
from airflow_sagemaker_automl.core.evidence import Provenance, Report
from airflow_sagemaker_automl.core.job import AutoMLJob
from airflow_sagemaker_automl.core.members import present
from airflow_sagemaker_automl.core.model_package import compact
from airflow_sagemaker_automl.exceptions import InvalidModelCard, Violation

LONGEST_CONTENT = 100_000
_LONGEST_TEXT = 1024
_MOST_LISTED = 15
_MOST_TRAINING_METRICS = 50
_MOST_BARS = 50


def build_model_card(
    *,
    job: AutoMLJob,
    candidate: Candidate,
    candidates: Sequence[Candidate],
    statistics: Report | None,
    analysis: Report | None,
    provenance: Provenance,
    author: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the content of a card.

    :param candidate: the candidate that is registered.
    :param candidates: all candidates of the job, for the leaderboard.
    :param statistics: the model insights report, if there is one.
    :param analysis: the explainability report, if there is one.
    :param author: what a person has to say, in the card's own schema; it wins over what is built.
    :return: a card that satisfies its schema.
    :raises InvalidModelCard: the author's part does not.
    """
    built = {
        "model_overview": {"model_artifact": _listed(container["ModelDataUrl"] for container in candidate.containers)},
        "training_details": _training_details(job, candidate),
        "evaluation_details": _evaluations(job, candidate, candidates, statistics, analysis),
        "additional_information": {"custom_details": _custom_details(job, candidate, provenance)},
    }
    card: dict[str, Any] = _merge(built, author or {})
    require_valid(card)
    return card


def require_valid(card: Mapping[str, Any]) -> None:
    """Check a card against its schema and its length.

    :raises InvalidModelCard: with every place that is wrong.
    """
    import jsonschema

    errors = sorted(jsonschema.Draft7Validator(_schema()).iter_errors(card), key=lambda error: error.json_path)
    violations = [Violation(error.json_path, None, f"breaks the schema: {error.message[:200]}") for error in errors]
    length = 0 if violations else len(compact(card))
    if length > LONGEST_CONTENT:
        violations.append(Violation("$", None, f"has {length} characters; at most {LONGEST_CONTENT} are allowed"))
    if violations:
        raise InvalidModelCard(violations)


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((Path(__file__).parent / "model_card.schema.json").read_text())
    return schema


def _training_details(job: AutoMLJob, candidate: Candidate) -> dict[str, Any]:
    objective = candidate.objective
    function = objective and {
        "function": present(function=objective.type, facet=objective.metric[:63], condition=None),
        "notes": f"Candidates of the AutoML job are ranked by {objective.metric} on the validation data.",
    }
    return present(
        objective_function=function,
        training_observations=f"Trained by SageMaker AutoML job {job.name} ({_problem(job)}).",
        training_job_details={
            "training_arn": job.arn[:_LONGEST_TEXT],
            "training_datasets": _listed(job.channels.values()),
            "training_environment": {
                "container_image": _listed(container["Image"] for container in candidate.containers)
            },
            "training_metrics": [
                present(name=f"{metric.name} ({metric.data_set})" if metric.data_set else metric.name, value=value)
                for metric in candidate.metrics
                if (value := number(metric.value)) is not None
            ][:_MOST_TRAINING_METRICS],
        },
    )


def _problem(job: AutoMLJob) -> str:
    return f"{job.problem_type}, {job.resolved_problem_type}" if job.resolved_problem_type else job.problem_type


def _evaluations(
    job: AutoMLJob,
    candidate: Candidate,
    candidates: Sequence[Candidate],
    statistics: Report | None,
    analysis: Report | None,
) -> list[dict[str, Any]]:
    items = [_candidate_evaluation(job, candidate), _leaderboard_evaluation(job, candidates)]
    if statistics:
        items.append(_report_evaluation("Model insights", statistics, evaluation_groups(statistics.content)))
    if analysis:
        items.append(_report_evaluation("Explainability", analysis, importance_groups(analysis.content)))
    return [item for item in items if item["metric_groups"]]


def _candidate_evaluation(job: AutoMLJob, candidate: Candidate) -> dict[str, Any]:
    groups = [
        {
            "name": f"{data_set} data"[:63],
            "metric_data": [{"name": name, "type": "number", "value": value} for name, value in metrics.items()],
        }
        for data_set, metrics in candidate.metrics_by_set().items()
    ]
    return {
        "name": "Candidate metrics",
        "evaluation_observation": (
            "Candidates are ranked by their figures on the validation data, which are optimistic for that reason; "
            "figures on test data, where there are any, are from rows that neither training nor ranking has seen."
        ),
        "datasets": _listed(job.channels.values())[:10],
        "metric_groups": groups,
    }


def _leaderboard_evaluation(job: AutoMLJob, candidates: Sequence[Candidate]) -> dict[str, Any]:
    ranked = [entry for entry in leaderboard(candidates) if entry.objective][:_MOST_BARS]
    groups = []
    if ranked and ranked[0].objective:
        chart = {
            "name": ranked[0].objective.metric,
            "type": "bar_chart",
            "value": [entry.objective.value for entry in ranked if entry.objective],
            "x_axis_name": [entry.name.removeprefix(f"{job.name}-")[:63] for entry in ranked],
            "y_axis_name": ranked[0].objective.metric[:63],
        }
        groups.append({"name": "Leaderboard", "metric_data": [chart]})
    return {
        "name": "Candidates",
        "evaluation_observation": f"The {len(ranked)} best of {len(candidates)} candidates by the objective.",
        "metric_groups": groups,
    }


def _report_evaluation(name: str, report: Report, groups: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "metadata": {"report": report.uri[:_LONGEST_TEXT]}, "metric_groups": groups}


def _custom_details(job: AutoMLJob, candidate: Candidate, provenance: Provenance) -> dict[str, str]:
    details = {
        "AutoML job": job.name,
        "Candidate": candidate.name,
        "Job ended as": f"{job.status.value} ({job.secondary_status})",
        "Partial failures": "; ".join(job.partial_failures),
        "Airflow DAG": provenance.dag_id,
        "Airflow run": provenance.run_id,
    }
    return {key: value[:_LONGEST_TEXT] for key, value in details.items() if value}


def _listed(texts: Any) -> list[str]:
    return [str(text)[:_LONGEST_TEXT] for text in texts][:_MOST_LISTED]


def _merge(built: Any, author: Any) -> Any:
    """Lay the author's words over what is built: mappings member by member, evaluations side by side."""
    if isinstance(built, Mapping) and isinstance(author, Mapping):
        merged = {key: _merge(value, author[key]) if key in author else value for key, value in built.items()}
        for key, value in author.items():
            if key not in built:
                merged[key] = value
            elif key == "evaluation_details":
                merged[key] = [*value, *built[key]]
        return merged
    return author
