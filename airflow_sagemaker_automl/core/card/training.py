"""Generates the overview, training details and provenance of a model card from the job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.card.limits import (
    LONGEST_LABEL,
    LONGEST_NAME,
    LONGEST_NOTE,
    LONGEST_SETTING,
    MOST_LISTED,
    MOST_SETTINGS,
    MOST_TRAINING_METRICS,
    cut,
    label,
    number,
    text,
)
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.values.evidence import Provenance
from airflow_sagemaker_automl.core.values.members import present


def model_overview(candidate: Candidate, provenance: Provenance) -> dict[str, Any]:
    """Build the overview: the DAG and task that registered the model, and where it is stored."""
    return {
        "model_creator": cut(f"Airflow DAG {provenance.dag_id}, task {provenance.task_id}", LONGEST_NOTE),
        "model_artifact": listed(container.get("ModelDataUrl") for container in candidate.containers),
    }


def training_details(job: AutoMLJob, candidate: Candidate) -> dict[str, Any]:
    """Build the training details: job, data, settings and metrics."""
    settings = _settings(job)
    images = listed(container.get("Image") for container in candidate.containers)
    return present(
        objective_function=_objective_function(candidate),
        training_observations=cut(_observations(job, len(settings)), LONGEST_NOTE),
        training_job_details={
            "training_arn": cut(job.arn, LONGEST_NOTE),
            "training_datasets": listed(job.datasets),
            "training_environment": {"container_image": images},
            "training_metrics": _training_metrics(candidate),
            "hyper_parameters": settings[:MOST_SETTINGS],
        },
    )


def custom_details(
    job: AutoMLJob, candidate: Candidate, provenance: Provenance, verdict: Mapping[str, Any] | None
) -> dict[str, str]:
    """Build the provenance: the job, its candidate, and the Airflow task that registered it."""
    details = {
        "AutoML job": job.name,
        "Candidate": candidate.name,
        "Job status": f"{job.status.value} ({job.secondary_status})",
        "Partial failures": "; ".join(str(each) for each in job.failed_parts),
        "Quality gate": verdict_sentence(verdict),
        "Airflow DAG": provenance.dag_id,
        "Airflow run": provenance.run_id,
        "Airflow task": provenance.task_id,
        "Commit": provenance.commit_id,
        "Repository": provenance.repository,
    }
    return {key: cut(value, LONGEST_NOTE) for key, value in details.items() if value}


def verdict_sentence(verdict: Any) -> str:
    """Write a quality gate's verdict as a sentence; empty without a verdict."""
    if not isinstance(verdict, Mapping) or not verdict:
        return ""
    decided = {True: "has approved this model", False: "has not approved this model"}
    approved = verdict.get("approved")
    if not isinstance(approved, bool):
        return "The quality gate's verdict does not say whether this model is approved."
    return f"The quality gate {decided[approved]}."


def listed(values: Iterable[Any], most: int = MOST_LISTED) -> list[str]:
    """List texts without duplicates, cut to the card's limits."""
    return [cut(value, LONGEST_NOTE) for value in dict.fromkeys(map(text, values)) if value][:most]


def _objective_function(candidate: Candidate) -> dict[str, Any] | None:
    objective = candidate.objective
    if not objective:
        return None
    notes = f"Candidates of the AutoML job are ranked by {text(objective.metric)}."
    if objective.type is None:
        notes += " It is unknown which direction is better."
    return {
        "function": present(function=objective.type, facet=cut(objective.metric, LONGEST_LABEL)),
        "notes": cut(notes, LONGEST_NOTE),
    }


def _observations(job: AutoMLJob, settings: int) -> str:
    kind = f"{job.problem_type}, {job.resolved_problem_type}" if job.resolved_problem_type else job.problem_type
    took = f" It took {job.elapsed_seconds:.0f} seconds." if job.ended else ""
    cut_off = f" The first {MOST_SETTINGS} of its {settings} settings are listed." if settings > MOST_SETTINGS else ""
    return f"Trained by SageMaker AutoML job {job.name} ({kind}).{took}{cut_off}"


def _training_metrics(candidate: Candidate) -> list[dict[str, Any]]:
    return [
        {
            "name": label(f"{metric.name} ({metric.data_set})" if metric.data_set else metric.name, LONGEST_NAME),
            "value": value,
        }
        for metric in candidate.metrics
        if (value := number(metric.value)) is not None
    ][:MOST_TRAINING_METRICS]


def _settings(job: AutoMLJob) -> list[dict[str, str]]:
    """List the job's requested configuration, then the attributes that the service resolved, by their API paths."""
    pairs = [*_flat(job.settings, ""), *_flat(job.resolved_attributes, "ResolvedAttributes")]
    return [
        {"name": label(name, LONGEST_NAME), "value": cut(value, LONGEST_SETTING)}
        for name, value in pairs
        if text(value)
    ]


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        for place, item in enumerate(value):
            yield from _flat(item, f"{path}[{place}]")
    elif isinstance(value, list | tuple):
        yield path, ", ".join(map(text, value))
    else:
        yield path, value
