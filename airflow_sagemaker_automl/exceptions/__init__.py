"""The errors of this package; each carries its evidence and says whether a retry can help.

::

    AutoMLError
     ├─ InvalidRequest           what was asked for breaks rules of the service
     │   ├─ InvalidJobRequest
     │   ├─ InvalidModelPackage
     │   ├─ InvalidModelCard
     │   └─ InvalidQualityGate
     ├─ JobNameTaken             the job's name belongs to somebody else's job
     ├─ QuotaReached             as many jobs run as the account may have
     │   └─ NoQuota              and waiting will not change that
     ├─ QuotaWaitTimedOut        no place became free in time
     ├─ UnknownStatus            the service answered with a status that this version does not know
     ├─ OtherRegion              what an ARN names is not where the connection leads
     ├─ AutoMLJobNotFound        there is no job of this name in the account and region
     ├─ AutoMLJobError           what became of a job; carries the job
     │   ├─ AutoMLJobUnfinished  it still runs, and something needs its end
     │   ├─ AutoMLJobFailed
     │   ├─ AutoMLJobStopped
     │   ├─ NoBestCandidate      it ended well, and has no model
     │   ├─ AutoMLJobFlawed      it has a model, but not as it was wanted
     │   └─ AutoMLJobTimedOut    the wait reached its deadline
     ├─ CandidateNotRegistrable  the candidate that was asked for does not exist or has no model
     ├─ CandidateRejected        a quality gate has not approved it
     ├─ ChampionUnreadable       the group of its champion is not visible
     ├─ ModelPackageGroupNotFound  the group of its champion does not exist
     ├─ ModelPackageFailed       the service could not complete the model package
     ├─ ModelPackageUnfinished   the service still works on it, and something needs its end
     │   └─ ModelPackageTimedOut the wait reached its deadline
     ├─ ModelCardArchived        the model card takes no change any more
     ├─ ModelCardUnreadable      nothing can be laid over it, which is no JSON
     ├─ ModelCardOverwritten     somebody else changes it at the same time
     ├─ ModelPackageGone         it was deleted, or never was
     ├─ ModelPackageRejected     and the task is to fail then
     ├─ ModelPackageUndecided    nobody has decided in time
     ├─ ModelPackageDecidedElsewhere  while somebody was asked here, and otherwise
     ├─ AnswerNotApplied         somebody has answered, and the version could not be changed yet
     ├─ QuestionOfAnotherVersion Airflow would show one version and decide on another
     └─ ServiceUnavailable       no answer, or no credentials to ask with
"""

from __future__ import annotations

from airflow_sagemaker_automl.exceptions.base import (
    AutoMLError,
    OtherRegion,
    ServiceUnavailable,
    UnknownStatus,
)
from airflow_sagemaker_automl.exceptions.decisions import (
    AnswerNotApplied,
    ModelPackageDecidedElsewhere,
    ModelPackageGone,
    ModelPackageRejected,
    ModelPackageUndecided,
    QuestionOfAnotherVersion,
)
from airflow_sagemaker_automl.exceptions.escaping import escaped
from airflow_sagemaker_automl.exceptions.jobs import (
    AutoMLJobError,
    AutoMLJobFailed,
    AutoMLJobFlawed,
    AutoMLJobNotFound,
    AutoMLJobStopped,
    AutoMLJobTimedOut,
    AutoMLJobUnfinished,
    JobNameTaken,
    NoBestCandidate,
    NoQuota,
    QuotaReached,
    QuotaWaitTimedOut,
)
from airflow_sagemaker_automl.exceptions.registry import (
    CandidateNotRegistrable,
    CandidateRejected,
    ChampionUnreadable,
    ModelCardArchived,
    ModelCardOverwritten,
    ModelCardUnreadable,
    ModelPackageDiffers,
    ModelPackageFailed,
    ModelPackageGroupNotFound,
    ModelPackageTimedOut,
    ModelPackageUnfinished,
)
from airflow_sagemaker_automl.exceptions.requests import (
    InvalidJobRequest,
    InvalidModelCard,
    InvalidModelPackage,
    InvalidQualityGate,
    InvalidRequest,
    Violation,
)

__all__ = [
    "AnswerNotApplied",
    "AutoMLError",
    "AutoMLJobError",
    "AutoMLJobFailed",
    "AutoMLJobFlawed",
    "AutoMLJobNotFound",
    "AutoMLJobStopped",
    "AutoMLJobTimedOut",
    "AutoMLJobUnfinished",
    "CandidateNotRegistrable",
    "CandidateRejected",
    "ChampionUnreadable",
    "InvalidJobRequest",
    "InvalidModelCard",
    "InvalidModelPackage",
    "InvalidQualityGate",
    "InvalidRequest",
    "JobNameTaken",
    "ModelCardArchived",
    "ModelCardOverwritten",
    "ModelCardUnreadable",
    "ModelPackageDecidedElsewhere",
    "ModelPackageDiffers",
    "ModelPackageFailed",
    "ModelPackageGone",
    "ModelPackageGroupNotFound",
    "ModelPackageRejected",
    "ModelPackageTimedOut",
    "ModelPackageUndecided",
    "ModelPackageUnfinished",
    "NoBestCandidate",
    "NoQuota",
    "OtherRegion",
    "QuestionOfAnotherVersion",
    "QuotaReached",
    "QuotaWaitTimedOut",
    "ServiceUnavailable",
    "UnknownStatus",
    "Violation",
    "escaped",
]
