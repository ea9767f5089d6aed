"""The errors of this package. Each carries the facts behind it and says whether a retry can help.

::

    AutoMLError
     ├─ InvalidRequest           the request breaks rules of the service
     │   ├─ InvalidJobRequest
     │   ├─ InvalidModelPackage
     │   ├─ InvalidModelCard
     │   ├─ InvalidQualityGate
     │   ├─ InvalidScoring
     │   └─ InvalidEvaluation
     ├─ JobNameTaken             a job that another task or user started has this name
     ├─ QuotaReached             the account has reached its quota of AutoML jobs
     │   └─ NoQuota              the quota never allows this job
     ├─ QuotaWaitTimedOut        the wait for quota timed out
     ├─ UnknownStatus            the service returned a status that this version of the package does not know
     ├─ OtherRegion              an ARN is in another region than the connection
     ├─ JobNotFound              no job has this name in the account and region
     │   ├─ AutoMLJobNotFound
     │   └─ TransformJobNotFound
     ├─ AutoMLJobError           base of the errors about an AutoML job; carries the job
     │   ├─ AutoMLJobUnfinished  the job is still running, and its result is needed
     │   ├─ AutoMLJobFailed
     │   ├─ AutoMLJobStopped
     │   ├─ NoBestCandidate      the job completed without a model
     │   ├─ AutoMLJobFlawed      the job has a model with a flaw that the task does not accept
     │   └─ AutoMLJobTimedOut    the wait for the job timed out
     ├─ CandidateNotRegistrable  the candidate does not exist or has no model
     ├─ CandidateRejected        the quality gate rejected the candidate
     ├─ ChampionChanged          the verdict is about another champion than the current one
     ├─ ChampionUnreadable       no access to the model package group of the champion
     ├─ ModelPackageGroupNotFound  the model package group of the champion does not exist
     ├─ ModelPackageDiffers      a version has the marks of this registration but serves another model
     ├─ ModelPackageFailed       the service could not complete the version
     ├─ ModelPackageUnfinished   the version is not completed yet
     │   └─ ModelPackageTimedOut the wait for the version timed out
     ├─ ModelCardUnchangeable    the model card is archived, or its content is not a JSON object
     ├─ ModelCardOverwritten     another task or user changes the model card at the same time
     ├─ ModelPackageGone         the version does not exist or was deleted
     ├─ ModelPackageRejected     the version was rejected, with on_rejected="fail"
     ├─ ModelPackageUndecided    nobody approved or rejected the version in time
     ├─ ModelPackageDecidedElsewhere  another decision was made outside Airflow
     ├─ AnswerNotApplied         a reviewer answered, but the version could not be updated
     ├─ QuestionOfAnotherVersion the form still shows another version
     ├─ NoApprovedVersion        the group has no approved version to score with
     ├─ VersionNotScorable       the version cannot score this data
     ├─ DataNotScorable          a file of the data cannot be read or sent
     ├─ OutputTaken              the output prefix has objects that another task or user wrote
     ├─ ModelNameTaken           another model has the name of the task's model
     ├─ TransformJobError        base of the errors about a transform job; carries the job
     │   ├─ TransformJobUnfinished  the job is still running, and its result is needed
     │   ├─ TransformJobFailed
     │   ├─ TransformJobStopped
     │   └─ TransformJobTimedOut the wait for the job timed out
     ├─ PredictionsIncomplete    the output of the transform job does not match its input
     ├─ EvaluationImpossible     the rows do not tell how good a model is
     ├─ EvaluationIncomplete     scores are missing; a retry scores again
     └─ ServiceUnavailable       AWS cannot be reached, or there are no credentials
"""

from __future__ import annotations

from airflow_sagemaker_automl.exceptions.base import (
    AutoMLError as AutoMLError,
    OtherRegion as OtherRegion,
    ServiceUnavailable as ServiceUnavailable,
    UnknownStatus as UnknownStatus,
)
from airflow_sagemaker_automl.exceptions.decisions import (
    AnswerNotApplied as AnswerNotApplied,
    ModelPackageDecidedElsewhere as ModelPackageDecidedElsewhere,
    ModelPackageGone as ModelPackageGone,
    ModelPackageRejected as ModelPackageRejected,
    ModelPackageUndecided as ModelPackageUndecided,
    QuestionOfAnotherVersion as QuestionOfAnotherVersion,
)
from airflow_sagemaker_automl.exceptions.escaping import escaped as escaped
from airflow_sagemaker_automl.exceptions.jobs import (
    AutoMLJobError as AutoMLJobError,
    AutoMLJobFailed as AutoMLJobFailed,
    AutoMLJobFlawed as AutoMLJobFlawed,
    AutoMLJobNotFound as AutoMLJobNotFound,
    AutoMLJobStopped as AutoMLJobStopped,
    AutoMLJobTimedOut as AutoMLJobTimedOut,
    AutoMLJobUnfinished as AutoMLJobUnfinished,
    JobNameTaken as JobNameTaken,
    JobNotFound as JobNotFound,
    NoBestCandidate as NoBestCandidate,
    NoQuota as NoQuota,
    QuotaReached as QuotaReached,
    QuotaWaitTimedOut as QuotaWaitTimedOut,
)
from airflow_sagemaker_automl.exceptions.registry import (
    CandidateNotRegistrable as CandidateNotRegistrable,
    CandidateRejected as CandidateRejected,
    ChampionChanged as ChampionChanged,
    ChampionUnreadable as ChampionUnreadable,
    ModelCardOverwritten as ModelCardOverwritten,
    ModelCardUnchangeable as ModelCardUnchangeable,
    ModelPackageDiffers as ModelPackageDiffers,
    ModelPackageFailed as ModelPackageFailed,
    ModelPackageGroupNotFound as ModelPackageGroupNotFound,
    ModelPackageTimedOut as ModelPackageTimedOut,
    ModelPackageUnfinished as ModelPackageUnfinished,
)
from airflow_sagemaker_automl.exceptions.requests import (
    InvalidJobRequest as InvalidJobRequest,
    InvalidModelCard as InvalidModelCard,
    InvalidModelPackage as InvalidModelPackage,
    InvalidQualityGate as InvalidQualityGate,
    InvalidRequest as InvalidRequest,
    Violation as Violation,
)
from airflow_sagemaker_automl.exceptions.scoring import (
    DataNotScorable as DataNotScorable,
    EvaluationImpossible as EvaluationImpossible,
    EvaluationIncomplete as EvaluationIncomplete,
    InvalidEvaluation as InvalidEvaluation,
    InvalidScoring as InvalidScoring,
    ModelNameTaken as ModelNameTaken,
    NoApprovedVersion as NoApprovedVersion,
    OutputTaken as OutputTaken,
    PredictionsIncomplete as PredictionsIncomplete,
    TransformJobError as TransformJobError,
    TransformJobFailed as TransformJobFailed,
    TransformJobNotFound as TransformJobNotFound,
    TransformJobStopped as TransformJobStopped,
    TransformJobTimedOut as TransformJobTimedOut,
    TransformJobUnfinished as TransformJobUnfinished,
    VersionNotScorable as VersionNotScorable,
)
