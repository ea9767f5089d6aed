"""Every error can be pickled, says what happened, and knows whether a retry can help."""

from __future__ import annotations

import inspect
import pickle

import pytest

from airflow_sagemaker_automl import AutoMLError, AutoMLJobError, exceptions
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from tests.core.jobs.test_job import described
from tests.exceptions.transform_jobs import transform_job

JOB = AutoMLJob.from_api(described())
TRANSFORM_JOB = transform_job("Failed", FailureReason="a reason")
# Those that are never raised themselves.
BASES = {
    AutoMLError,
    AutoMLJobError,
    exceptions.InvalidRequest,
    exceptions.JobNotFound,
    exceptions.TransformJobError,
}
ERRORS: list[AutoMLError] = [
    exceptions.InvalidJobRequest([exceptions.Violation("A", 1, "is b"), exceptions.Violation("C", None, "is needed")]),
    exceptions.JobNameTaken("name", "it belongs to somebody."),
    exceptions.UnknownStatus("AutoML job", "Paused"),
    exceptions.AutoMLJobNotFound("job"),
    exceptions.AutoMLJobUnfinished(JOB, "Wait."),
    exceptions.AutoMLJobFailed(JOB),
    exceptions.AutoMLJobStopped(JOB),
    exceptions.NoBestCandidate(JOB),
    exceptions.AutoMLJobFlawed(JOB, ["it is not deployed"]),
    exceptions.OtherRegion("arn", "eu-west-1", "us-east-1"),
    exceptions.AutoMLJobTimedOut(JOB, 60.0, "runs on."),
    exceptions.QuotaReached("job", "the limit is 4."),
    exceptions.NoQuota("job", "the limit is 0."),
    exceptions.QuotaWaitTimedOut(60.0, "the limit is 4."),
    exceptions.CandidateNotRegistrable("job", None, "there is none."),
    exceptions.InvalidModelCard([exceptions.Violation("$.x", 1, "is wrong")]),
    exceptions.InvalidModelPackage([exceptions.Violation("a", 1, "is wrong")]),
    exceptions.InvalidQualityGate([exceptions.Violation("a", 1, "is wrong")]),
    exceptions.CandidateRejected("job", "best", "Rejected: 0 of 1 rules passed"),
    exceptions.ChampionChanged("churn", None, "arn"),
    exceptions.ChampionChanged("churn", "arn", None, is_evaluation=True),
    exceptions.ChampionUnreadable("churn", "It is denied."),
    exceptions.ModelPackageGroupNotFound("churn", "eu-central-1", "churns"),
    exceptions.ModelPackageDiffers(
        "arn", "candidate c of AutoML job j", ["Image is 'a' in the version and 'b' in the request"], None
    ),
    exceptions.ModelPackageFailed("arn", ["a reason"]),
    exceptions.ModelPackageUnfinished("arn", "InProgress", "Wait."),
    exceptions.ModelPackageTimedOut("arn", "InProgress", "It is too late."),
    exceptions.ModelCardUnchangeable("arn", "is archived", "Leave out the card."),
    exceptions.ModelCardOverwritten("arn", ["ModelCard.intended_uses.risk_rating"]),
    exceptions.ModelPackageGone("arn", "it is not there."),
    exceptions.ModelPackageRejected("arn", "Too slow"),
    exceptions.ModelPackageUndecided("arn", "2 days"),
    exceptions.ModelPackageDecidedElsewhere("arn", "Approved by Ada", "Rejected", "Too slow"),
    exceptions.AnswerNotApplied("arn", "Approved by Ada", "no answer.", True),
    exceptions.QuestionOfAnotherVersion("arn"),
    exceptions.InvalidScoring([exceptions.Violation("data", 1, "is wrong")]),
    exceptions.InvalidEvaluation([exceptions.Violation("data", 1, "is wrong")]),
    exceptions.NoApprovedVersion("churn"),
    exceptions.NoApprovedVersion("churn", exists=False),
    exceptions.VersionNotScorable("arn", "it is Rejected."),
    exceptions.DataNotScorable("s3://bucket/a.csv", "it is empty."),
    exceptions.OutputTaken("s3://bucket/scores/", "it has s3://bucket/scores/a.csv"),
    exceptions.ModelNameTaken("model", "it has another ExecutionRoleArn."),
    exceptions.TransformJobNotFound("job", "Transform job"),
    exceptions.TransformJobUnfinished(TRANSFORM_JOB, "Wait."),
    exceptions.TransformJobFailed(TRANSFORM_JOB),
    exceptions.TransformJobStopped(TRANSFORM_JOB),
    exceptions.TransformJobTimedOut(TRANSFORM_JOB, 60.0, "runs on."),
    exceptions.PredictionsIncomplete("job", "one is missing."),
    exceptions.EvaluationImpossible("s3://bucket/rows/", "it has 3 rows."),
    exceptions.EvaluationIncomplete("s3://bucket/rows/", "the scores are gone."),
    exceptions.ServiceUnavailable("no answer"),
]


def test_the_list_above_is_complete() -> None:
    """Every error class that is raised is tested here."""
    defined = {
        value for value in vars(exceptions).values() if isinstance(value, type) and issubclass(value, AutoMLError)
    }
    assert {type(error) for error in ERRORS} == defined - BASES


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error: AutoMLError) -> None:
    """An error that is passed between processes is unchanged."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_arguments_may_be_given_by_name(error: AutoMLError) -> None:
    """An error has the same text, arguments and copies, however its arguments were given."""
    names = inspect.signature(type(error)).parameters
    same = type(error)(**{name: getattr(error, name) for name in names})
    copy = pickle.loads(pickle.dumps(same))  # noqa: S301
    assert same.args == error.args
    assert str(copy) == str(same) == str(error)
    assert repr(copy) == repr(error)


def test_errors_say_whether_a_retry_can_help() -> None:
    """After a failed job a retry starts another one; an invalid request, a name or a deadline cannot be retried."""
    helped = {type(error).__name__ for error in ERRORS if error.retry_can_help}
    assert helped == {
        "AnswerNotApplied",
        "AutoMLJobFailed",
        "AutoMLJobStopped",
        "AutoMLJobUnfinished",
        "EvaluationIncomplete",
        "ModelCardOverwritten",
        "ModelPackageUnfinished",
        "QuotaReached",
        "QuotaWaitTimedOut",
        "ServiceUnavailable",
        "TransformJobFailed",
        "TransformJobStopped",
        "TransformJobUnfinished",
    }
