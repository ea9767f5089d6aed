"""The candidate of a job that has ended, which a task judges or registers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.outcome import Acceptance
from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.core.rules.job import name as rule_of_names
from airflow_sagemaker_automl.exceptions import AutoMLJobError, AutoMLJobUnfinished, CandidateNotRegistrable, Violation
from airflow_sagemaker_automl.links import show_job

if TYPE_CHECKING:
    from airflow_sagemaker_automl.connection import ConnectsToSageMaker
    from airflow_sagemaker_automl.core.candidate import Candidate
    from airflow_sagemaker_automl.core.job import AutoMLJob


def job_name_violations(name: Any) -> list[Violation]:
    """Judge what a template or an XCom gave for the job's name; a task that trained nothing gives None."""
    if not isinstance(name, str) or not name:
        return [Violation("job_name", name, "must be the name of an AutoML job")]
    return registration.renamed(list(rule_of_names({"AutoMLJobName": name})), {"AutoMLJobName": "job_name"})


def ended_job(task: ConnectsToSageMaker, ti: Any, job_name: str, candidate_name: str | None, *, why: str) -> AutoMLJob:
    """Look at a job, and show its links, which whoever wants to know why it is no good needs most.

    :param task: the operator that asks.
    :param ti: its task instance.
    :param candidate_name: the candidate that is wanted; None for the best one.
    :param why: why it has to have ended, as a sentence.
    :raises AutoMLJobUnfinished: it still runs.
    :raises CandidateNotRegistrable: it did not end well, which no retry of this task can change.
    """
    job = task.patiently(lambda hook: hook.describe_job(job_name))
    show_job(task, ti, job)
    if not job.is_finished:
        raise AutoMLJobUnfinished(job, why)
    try:
        # A stopped job's candidate is a model all the same, if the task that trained it has taken it.
        job.raise_for_status(Acceptance(on_stopped="pass"))
    except AutoMLJobError as error:
        raise CandidateNotRegistrable(job.name, candidate_name, str(error)) from error
    return job


def chosen_candidate(job: AutoMLJob, candidates: Sequence[Candidate], candidate_name: str | None) -> Candidate:
    """Find the candidate that is wanted.

    :param candidates: all of the job's; for the best one there may be none.
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
