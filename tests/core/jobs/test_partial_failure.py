"""Which part of a job a failure reason of the service is about."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl.core.jobs.partial_failure import FAILED_STEPS, JobPart, failed_parts


def parts(*messages: str, secondary: str = "Completed", job: str = "job-1") -> list[str]:
    """List the parts that failed."""
    found = failed_parts(messages, secondary, job_name=job, reason=None, lacks_endpoint=False)
    return [each.part.value for each in found]


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("Failed to generate the explainability report for candidate churn-x.", "explanation"),
        ("Explanation is not available in this account.", "explanation"),
        ("SageMaker Clarify is closed to new customers.", "explanation"),
        ("kernel_shap: the processing job ran out of memory", "explanation"),
        ("Unable to compute feature importance", "explanation"),
        ("analysis.json could not be made: ValueError", "explanation"),
        ("Model insights report generation failed for the best candidate.", "insights"),
        ("MODEL QUALITY REPORT: no baseline", "insights"),
        ("statistics.json could not be made: ValueError", "insights"),
        ("The best candidate was trained, but its deployment failed.", "deployment"),
        ("Could not create the endpoint churn: ResourceLimitExceeded", "deployment"),
        ("3 of 10 candidates failed", "candidate"),
        ("Training job xyz failed with AlgorithmError", "candidate"),
        ("CatBoost could not be trained on these data", "candidate"),
        ("The hyperparameter tuning job timed out", "candidate"),
        ("Data shape mismatch", "other"),
        ('Could not connect to the endpoint URL: "https://s3.amazonaws.com/"', "other"),
        ("Internal server error, see s3://explain/insight and arn:aws:sagemaker:x:1:endpoint/deploy", "other"),
        ("", "other"),
    ],
)
def test_a_reason_is_told_by_the_step_that_it_names(message: str, part: str) -> None:
    """A report about a candidate is a report; S3 URIs and ARNs are ignored."""
    assert parts(message) == [part]


def test_the_name_of_a_job_is_no_evidence() -> None:
    """The names of its steps, which contain the job name, are ignored, too."""
    job = "explain-deploy-7"
    assert parts(f"Training job '{job.upper()}-tree-01' failed", job=job) == ["candidate"]
    assert parts(f"{job}: internal error", job=job) == ["other"]


@pytest.mark.parametrize(("secondary", "part"), FAILED_STEPS.items())
def test_the_secondary_status_explains_a_reason_that_says_little(secondary: str, part: JobPart) -> None:
    """One vague reason is assigned to the step; several are not guessed; a clear one is used as it is."""
    assert parts(secondary=secondary) == [part]
    assert parts("Internal error.", secondary=secondary) == [part]
    assert parts("Internal error.", "Try later.", secondary=secondary) == ["other", "other", part]
    assert parts("A candidate failed.", secondary=secondary) == ["candidate", part]


@given(st.lists(st.text(), max_size=5), st.text(), st.text())
def test_whatever_the_service_says_is_kept(messages: list[str], secondary: str, job: str) -> None:
    """All messages are kept, in the service's words and order."""
    found = failed_parts(messages, secondary, job_name=job, reason=None, lacks_endpoint=False)
    assert [each.message for each in found[: len(messages)]] == messages
