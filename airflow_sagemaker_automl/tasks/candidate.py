"""Find the candidate of an ended job for a task that judges or registers it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.jobs.outcome import Acceptance
from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.core.rules.job import name as rule_of_names
from airflow_sagemaker_automl.exceptions import AutoMLJobError, AutoMLJobUnfinished, CandidateNotRegistrable, Violation
from airflow_sagemaker_automl.observability.links import show_job

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
    from airflow_sagemaker_automl.tasks.base import SageMakerTask


def job_name_violations(name: Any) -> list[Violation]:
    """Check the rendered job name; the XCom of a task that trained nothing is None."""
    if not isinstance(name, str) or not name:
        return [Violation("job_name", name, "must be the name of an AutoML job")]
    return registration.renamed(list(rule_of_names({"AutoMLJobName": name})), {"AutoMLJobName": "job_name"})


def ended_job(task: SageMakerTask, ti: Any, job_name: str, candidate_name: str | None, *, why: str) -> AutoMLJob:
    """Describe a job that must have ended, and show its links first, since they help most if it is unusable.

    :param task: the operator that needs the job.
    :param ti: its task instance.
    :param candidate_name: the requested candidate; None for the best one.
    :param why: why the job must have ended, as a sentence.
    :raises AutoMLJobUnfinished: the job is still running.
    :raises CandidateNotRegistrable: the job ended without a usable model; a permanent error.
    """
    job = task.call_with_retries(lambda hook: hook.describe_job(job_name))
    show_job(task, ti, job)
    if not job.is_finished:
        raise AutoMLJobUnfinished(job, why)
    try:
        # A stopped job may have a usable candidate; the training task decides whether to accept it.
        job.raise_for_status(Acceptance(on_stopped="pass"))
    except AutoMLJobError as error:
        raise CandidateNotRegistrable(job.name, candidate_name, str(error)) from error
    return job


def chosen_candidate(job: AutoMLJob, candidates: Sequence[Candidate], candidate_name: str | None) -> Candidate:
    """Find the requested candidate.

    :param candidates: all candidates of the job; may be empty if the best one is requested.
    :param candidate_name: None for the best one.
    :raises CandidateNotRegistrable: there is no such candidate.
    """
    if candidate_name:
        chosen = next((entry for entry in candidates if entry.name == candidate_name), None)
    else:
        chosen = job.best_candidate
    if chosen is None:
        known = ", ".join(sorted(entry.name for entry in candidates)) or "none"
        reason = f"the job has no such candidate; it has: {known}."
        raise CandidateNotRegistrable(job.name, candidate_name, reason)
    return chosen
