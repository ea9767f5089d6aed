"""Trains a tabular job: looks at the data first, since most jobs that fail do so there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_sagemaker_automl.emulator.trainer.table import Split, UnusableData, load_split

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.job import Job

_UNSUPPORTED_MEMBERS = ("FeatureSpecificationS3Uri", "SampleWeightAttributeName", "GenerateCandidateDefinitionsOnly")


def train(job: Job) -> None:
    """Train a job and report everything to its events.

    :raises UnusableData: the data, or what is asked of it, cannot be trained on.
    """
    _refuse_unsupported(job)
    job.events.stage("AnalyzingData")
    split = load_split(job.storage, job.request, job.config["TargetAttributeName"])
    job.events.stage("FeatureEngineering")
    _publish_split(job, split)
    # AutoGluon takes seconds to load, which a job that fails at its data need not wait for.
    from airflow_sagemaker_automl.emulator.trainer.models import train_candidates

    train_candidates(job, split)


def _refuse_unsupported(job: Job) -> None:
    if job.problem_type != "Tabular":
        raise UnusableData(f"The emulator cannot train {job.problem_type} and does not pretend to.")
    asked = [member for member in _UNSUPPORTED_MEMBERS if job.config.get(member)]
    if job.config.get("Mode") == "HYPERPARAMETER_TUNING":
        asked.append("Mode HYPERPARAMETER_TUNING")
    if asked:
        raise UnusableData(f"The emulator cannot do this honestly and so does not do it: {', '.join(asked)}.")


def _publish_split(job: Job, split: Split) -> None:
    """Upload the three parts of the data, so that anyone can recompute any figure of this job."""
    for name in ("train", "validation", "test"):
        body = getattr(split, name).to_csv(index=False).encode()
        job.storage.write(f"{job.output}/preprocessed-data/{name}.csv", body)
