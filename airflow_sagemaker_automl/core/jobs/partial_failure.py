"""Finds the failed parts of an AutoML job, which may have a model nevertheless.

The service reports them in three places: ``AutoMLJobSecondaryStatus`` (``ExplainabilityError``, ``ModelInsightsError``,
``ModelDeploymentError``), ``PartialFailureReasons``, and a ``ModelDeployResult`` without an endpoint. The reasons are
free text without a published list. They are classified by the names of a job's steps and files in AWS's documentation:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLPartialFailureReason.html
https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-explainability.html
https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-model-insights.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelDeployResult.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class JobPart(StrEnum):
    """A part of a job.

    ``EXPLANATION``: the explainability report, made by SageMaker Clarify.
    ``INSIGHTS``: the model insights report.
    ``DEPLOYMENT``: the endpoint that ``ModelDeployConfig`` requests.
    ``CANDIDATE``: a candidate, or a step of its training.
    ``OTHER``: the service's reason does not name any of these.
    """

    EXPLANATION = "explanation"
    INSIGHTS = "insights"
    DEPLOYMENT = "deployment"
    CANDIDATE = "candidate"
    OTHER = "other"


@dataclass(frozen=True)
class FailedPart:
    """A part of a job that failed.

    :param message: the service's reason, or other evidence of the failure.
    """

    part: JobPart
    message: str

    def __str__(self) -> str:
        return f"{self.part.value}: {self.message}"


# These steps follow the training: the job has a model, whatever its primary status is.
FAILED_STEPS: Mapping[str, JobPart] = {
    "ExplainabilityError": JobPart.EXPLANATION,
    "ModelInsightsError": JobPart.INSIGHTS,
    "ModelDeploymentError": JobPart.DEPLOYMENT,
}
# The order matters: reasons about explanations and reports may also mention a candidate.
_WORDS: Sequence[tuple[JobPart, re.Pattern[str]]] = (
    (
        JobPart.EXPLANATION,
        re.compile(
            r"expla(in|nation)|(?<![a-z])shap(?![a-z])|clarify|feature (importance|attribution)|partial dependence"
            r"|analysis\.json",
            re.IGNORECASE,
        ),
    ),
    (
        JobPart.INSIGHTS,
        re.compile(r"insight|(quality|performance|metrics) report|model (quality|monitor)|statistics\.json", re.I),
    ),
    (JobPart.DEPLOYMENT, re.compile(r"deploy|(?<!vpc )\bendpoint(?! url)", re.IGNORECASE)),
    (
        JobPart.CANDIDATE,
        re.compile(r"candidate|train|\btrials?\b|\btun(e|ing)|algorithm|hyper-?parameter|feature engineering", re.I),
    ),
)
_LOCATION = re.compile(r"\S*(?:arn:|s3://|https?://)\S*")


def failed_parts(
    messages: Sequence[str], secondary_status: str, *, job_name: str, reason: str | None, lacks_endpoint: bool
) -> tuple[FailedPart, ...]:
    """List the failed parts of a job, each with its reason.

    :param messages: the messages in ``PartialFailureReasons``.
    :param secondary_status: ``AutoMLJobSecondaryStatus``. If no message is about the step that it names, a single
        unclassified message is assigned to that step.
    :param job_name: the job's name, which is ignored in messages: a job may be called ``explain-churn``.
    :param reason: ``FailureReason``, for a step without a message.
    :param lacks_endpoint: whether the job ended without the requested endpoint.
    """
    failed = [FailedPart(_part(message, job_name), message) for message in messages]
    step = FAILED_STEPS.get(secondary_status)
    if step and all(each.part is not step for each in failed):
        unclear = [place for place, each in enumerate(failed) if each.part is JobPart.OTHER]
        if len(unclear) == 1:
            failed[unclear[0]] = FailedPart(step, failed[unclear[0]].message)
        else:
            failed.append(FailedPart(step, reason or f"the service reports {secondary_status} and gives no reason"))
    if lacks_endpoint and all(each.part is not JobPart.DEPLOYMENT for each in failed):
        failed.append(FailedPart(JobPart.DEPLOYMENT, "ModelDeployConfig requests an endpoint, but there is none"))
    return tuple(failed)


def _part(message: str, job_name: str) -> JobPart:
    said = _LOCATION.sub(" ", message)
    if job_name and not job_name.isalpha():
        # The service includes the job's name in the names of its steps.
        said = re.sub(rf"\S*{re.escape(job_name)}\S*", " ", said, flags=re.IGNORECASE)
    return next((part for part, words in _WORDS if words.search(said)), JobPart.OTHER)
