"""What the documentation says of each error is what the error says of itself."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime
from typing import Any

import pytest

import airflow_sagemaker_automl
from airflow_sagemaker_automl import AutoMLError, Violation, exceptions
from airflow_sagemaker_automl.core.evaluation.arguments import EvaluationArguments
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.rules.quality_gate import GateReading
from airflow_sagemaker_automl.core.scoring.columns import column_violations
from demo.sandbox import REPOSITORY
from tests.exceptions.transform_jobs import NAME as TRANSFORM, transform_job
from tests.support.task_classes import TASKS

PAGE = (REPOSITORY / "docs" / "failures.md").read_text()
# Those that are never raised themselves.
BASES = {"AutoMLError", "AutoMLJobError", "InvalidRequest", "JobNotFound", "TransformJobError"}
ARN = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/3"
ANSWER = 'Approved by 7 ("Ada Lovelace") at 2026-03-01 09:30:00 UTC …'
QUOTA = (
    "The account-level service limit 'Maximum number of concurrent AutoML Jobs' is {0} AutoML Jobs, with current "
    "utilization of {0} AutoML Jobs and a request delta of 1 AutoML Jobs."
)
NAME = "churn-train-tz4h2q5vxk3p"


def job(status: str, secondary: str, **members: Any) -> AutoMLJob:
    """Make the job that the page tells of."""
    created = datetime(2026, 1, 4, tzinfo=UTC)
    answer = {
        "AutoMLJobName": NAME,
        "AutoMLJobArn": f"arn:aws:sagemaker:eu-central-1:123456789012:automl-job/{NAME}",
        "AutoMLJobStatus": status,
        "AutoMLJobSecondaryStatus": secondary,
        "AutoMLProblemTypeConfigName": "Tabular",
        "CreationTime": created,
        "LastModifiedTime": created,
        "OutputDataConfig": {"S3OutputPath": "s3://my-bucket/models"},
        **members,
    }
    return AutoMLJob.from_api(answer)


EXAMPLES: list[AutoMLError] = [
    exceptions.InvalidJobRequest(
        [
            Violation(
                "AutoMLProblemTypeConfig.TabularJobConfig.CompletionCriteria.MaxCandidates",
                1000,
                "must be from 1 to 750",
            ),
            Violation(
                "AutoMLProblemTypeConfig.TabularJobConfig.Mode",
                "ENSEMBLE",
                "must be one of AUTO, ENSEMBLING, HYPERPARAMETER_TUNING; did you mean 'ENSEMBLING'?",
            ),
        ]
    ),
    exceptions.InvalidModelPackage(
        [
            Violation(
                "approval_status",
                "approved",
                "must be one of Approved, Rejected, PendingManualApproval; did you mean 'Approved'?",
            )
        ]
    ),
    exceptions.InvalidModelCard(
        [
            Violation(
                "model_card",
                "cards/churn.yaml",
                "cannot be read next to the DAG file or on template_searchpath: TemplateNotFound: cards/churn.yaml",
            )
        ]
    ),
    exceptions.InvalidQualityGate(
        GateReading(
            {"thresholds": [{"metric": "RSME", "maximum": 25}, {"metric": "LogLoss", "minimum": 0.5}]}, "gate"
        ).violations
    ),
    exceptions.JobNameTaken(
        "churn", "it belongs to DAG retrain_churn, run manual__2026-01-04T00:00:00+00:00; it is Completed."
    ),
    exceptions.QuotaReached(NAME, QUOTA.format(4)),
    exceptions.NoQuota(NAME, QUOTA.format(0)),
    exceptions.QuotaWaitTimedOut(43200, QUOTA.format(4)),
    exceptions.UnknownStatus("AutoML job", "Paused"),
    exceptions.AutoMLJobNotFound("churn"),
    exceptions.AutoMLJobUnfinished(
        job("InProgress", "TrainingModels"), "A candidate is registered when its job has ended."
    ),
    exceptions.AutoMLJobFailed(
        job("Failed", "Failed", FailureReason="The target column 'churned' is not in the data.")
    ),
    exceptions.AutoMLJobStopped(job("Stopped", "Stopped", BestCandidate=None)),
    exceptions.NoBestCandidate(job("Completed", "MaxAutoMLJobRuntimeReached")),
    exceptions.AutoMLJobFlawed(
        job("Completed", "ModelDeploymentError"),
        ["it is not deployed (on_deployment_failure='fail'): deployment: Not enough capacity for ml.m5.12xlarge"],
    ),
    exceptions.OtherRegion(ARN, "eu-central-1", "us-east-1"),
    exceptions.AutoMLJobTimedOut(job("InProgress", "TrainingModels"), 21600, "is being stopped."),
    exceptions.CandidateNotRegistrable(NAME, "best", "the job has no such candidate; it has: lightgbm, xgboost."),
    exceptions.CandidateRejected(
        NAME,
        "lightgbm",
        "Rejected: F1 (validation) 0.7027 < champion 0.9639 (version 1): worse by 0.2612; 0 of 1 rules passed\n"
        "  failed: F1 on validation data at least as good as that of the champion: 0.7027 < champion 0.9639 "
        "(version 1): worse by 0.2612; each figure is from its own job's data",
    ),
    *(
        exceptions.ChampionChanged(
            "churn",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/3",
            "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/4",
            is_evaluation,
        )
        for is_evaluation in (False, True)
    ),
    exceptions.ChampionUnreadable(
        "churn",
        "Access is denied, so the group may or may not exist. Allow sagemaker:ListModelPackages, "
        "sagemaker:DescribeModelPackage and sagemaker:DescribeModelPackageGroup; for a group in another account, its "
        "resource policy must allow them too. The service says: An error occurred (AccessDeniedException) when calling "
        "the ListModelPackages operation: …",
    ),
    exceptions.ModelPackageGroupNotFound("house-nort", "eu-central-1", "house-north"),
    exceptions.ModelPackageDiffers(
        ARN,
        f"candidate lightgbm of AutoML job {NAME}",
        [
            "InferenceSpecification.Containers[0].Image is 'evil:1' in the version and "
            "'246618743249.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1' in the request",
            "InferenceSpecification.Containers[0].Environment.SAGEMAKER_PROGRAM differs",
        ],
        "arn:aws:iam::123456789012:user/eve",
    ),
    exceptions.ModelPackageFailed(ARN, ["smoke: It exited with status 1."]),
    exceptions.ModelPackageUnfinished(
        ARN, "InProgress", "It can be approved or rejected when it is Completed; a retry checks again."
    ),
    exceptions.ModelPackageTimedOut(
        ARN,
        "InProgress",
        "The wait ended 3600 s after its creation (completion_timeout). The version stays registered: clear the task "
        "when it is completed, or raise completion_timeout.",
    ),
    exceptions.ModelPackageGone(
        ARN,
        "An error occurred (ValidationException) when calling the DescribeModelPackage operation: …",
    ),
    exceptions.ModelPackageRejected(ARN, "Too slow", "F1 0.7027"),
    exceptions.ModelPackageUndecided(ARN, "3 days"),
    exceptions.ModelPackageDecidedElsewhere(ARN, ANSWER, "Rejected", "Said in Studio"),
    exceptions.AnswerNotApplied(
        ARN,
        ANSWER,
        "An error occurred (AccessDeniedException) when calling the UpdateModelPackage operation: ….",
        True,
    ),
    exceptions.QuestionOfAnotherVersion(ARN),
    exceptions.ModelCardUnchangeable(
        ARN,
        "is archived, so ModelCardContent can no longer be changed",
        "Leave out the card, or register the model again.",
    ),
    exceptions.ModelCardOverwritten(ARN, ["ModelCard.intended_uses.risk_rating"]),
    exceptions.InvalidScoring(
        column_violations(
            ["tenure", "monthly_charge"],
            ["customer_id", "tenure", "monthly_charges"],
            ["customer"],
            "s3://my-bucket/customers/2026-01-04/part-0.csv",
        )
    ),
    exceptions.NoApprovedVersion("churn"),
    exceptions.VersionNotScorable(
        ARN,
        "the AutoML job that trained it cannot be found in this account and region. Pass columns, the names that the "
        "model needs in the order of its training data.",
    ),
    exceptions.DataNotScorable(
        "s3://my-bucket/customers/2026-01-04/part-0.csv",
        "it is neither CSV in UTF-8 nor Parquet ('utf-8' codec can't decode byte 0xff in position 1: invalid start "
        "byte).",
    ),
    exceptions.OutputTaken("s3://my-bucket/scores/", "it has s3://my-bucket/scores/report.pdf"),
    exceptions.ModelNameTaken(TRANSFORM, "it has another ExecutionRoleArn."),
    exceptions.TransformJobNotFound(TRANSFORM, "Transform job"),
    exceptions.TransformJobUnfinished(
        transform_job("InProgress"),
        "The triggerer stopped waiting: access is denied. It needs the connection, and an AWS identity that is allowed "
        "sagemaker:DescribeTransformJob; or wait with deferrable=False.",
    ),
    exceptions.TransformJobFailed(
        transform_job("Failed", FailureReason="AlgorithmError: See job logs for more information")
    ),
    exceptions.TransformJobStopped(transform_job("Stopped")),
    exceptions.TransformJobTimedOut(transform_job("InProgress"), 21600, "is being stopped."),
    exceptions.PredictionsIncomplete(
        TRANSFORM,
        f"s3://my-bucket/scores/_work/{TRANSFORM}/predictions/{TRANSFORM}/part-00000.csv.out: it has fewer predictions "
        "than rows.",
    ),
    exceptions.InvalidEvaluation(
        list(
            EvaluationArguments(
                job_name=NAME,
                model_package_group_name="churn",
                data="s3://my-bucket/churn-labelled/2026-01-04/",
                output_uri="s3://my-bucket/churn-evaluations/",
                against="newest",
                metrics=["RSME"],
                confidence=95,
            ).violations()
        )
    ),
    exceptions.EvaluationImpossible(
        "s3://my-bucket/churn-labelled/2026-01-04/", "it has 62 rows, and minimum_rows is 100."
    ),
    exceptions.EvaluationIncomplete(
        "s3://my-bucket/churn-labelled/2026-01-04/",
        "s3://my-bucket/churn-evaluations/scores/churn-3/scores.parquet was deleted while it was read. A retry scores "
        "again.",
    ),
    exceptions.ServiceUnavailable(
        "The call to AWS with connection 'aws_default' failed: Could not connect to the endpoint URL: "
        '"http://127.0.0.1:5000/" Is the service (or emulator) running, and is the connection\'s endpoint_url right?'
    ),
]


def _classes() -> dict[str, type[AutoMLError]]:
    return {
        name: value
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, AutoMLError)
    }


def _section(name: str) -> str:
    return PAGE.partition(f"\n### {name}\n")[2].partition("\n### ")[0].partition("\n## ")[0]


def test_each_error_has_its_section_and_no_other_has() -> None:
    """A reader who looks for the class that a log names finds it, and finds none that there is not."""
    headings = re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert set(headings) == _classes().keys() - BASES


def test_each_error_is_a_public_name() -> None:
    """A retry policy or a callback imports it from the package."""
    assert _classes().keys() <= {*airflow_sagemaker_automl.__all__}


def test_the_table_says_of_each_error_whether_a_retry_helps() -> None:
    """What the table promises of retries is what Airflow is told."""
    rows = dict(re.findall(r"^\| \[(\w+)\]\(#\w+\) \|.*\| (yes|no) \|$", PAGE, re.MULTILINE))
    helped = {name: "yes" if kind.retry_can_help else "no" for name, kind in _classes().items() if name not in BASES}
    assert rows == helped


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_the_text_is_that_of_the_error(error: AutoMLError) -> None:
    """Who searches the page for what stands in a log finds it."""
    assert f"```text\n{error}\n```" in _section(type(error).__name__)


def test_there_is_an_example_of_each_error() -> None:
    """No section's text is left to memory."""
    assert {type(error).__name__ for error in EXAMPLES} == _classes().keys() - BASES


def test_the_options_that_are_named_exist() -> None:
    """Each ``option=`` that a reader is advised to change is an argument of an operator or a sensor."""
    known = {
        name
        for operator in TASKS
        for kind in inspect.getmro(operator)
        if "__init__" in vars(kind)
        for name in inspect.signature(vars(kind)["__init__"]).parameters
    }
    named = set(re.findall(r"`(\w+)=[^`]*`", PAGE))
    assert "wait_timeout" in named
    assert named <= known
