"""Airflow operators that turn a table of data into an approved, documented model version on Amazon SageMaker.

Every public name is imported from here. Its module is loaded on first use (PEP 562): Airflow imports this package at
each start to find its provider metadata, and a DAG pays only for what it uses.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from airflow_sagemaker_automl.assets.events import (
        approved as approved,
        approved_version as approved_version,
        approved_versions as approved_versions,
        registered as registered,
        registered_version as registered_version,
    )
    from airflow_sagemaker_automl.assets.scored import scored as scored
    from airflow_sagemaker_automl.assets.watched import approvals_watched as approvals_watched
    from airflow_sagemaker_automl.core.card.sections import (
        AdditionalInformation as AdditionalInformation,
        BusinessDetails as BusinessDetails,
        IntendedUses as IntendedUses,
        ModelCard as ModelCard,
        ModelOverview as ModelOverview,
    )
    from airflow_sagemaker_automl.core.card.sections_evaluation import (
        BarChartMetric as BarChartMetric,
        Evaluation as Evaluation,
        LinearGraphMetric as LinearGraphMetric,
        MatrixMetric as MatrixMetric,
        MetricGroup as MetricGroup,
        SimpleMetric as SimpleMetric,
    )
    from airflow_sagemaker_automl.core.card.sections_training import (
        ObjectiveFunction as ObjectiveFunction,
        TrainingDetails as TrainingDetails,
        TrainingJobDetails as TrainingJobDetails,
        TrainingMetric as TrainingMetric,
    )
    from airflow_sagemaker_automl.core.evaluation.record import EvaluationRecord as EvaluationRecord
    from airflow_sagemaker_automl.core.gate.quality_gate import QualityGate as QualityGate
    from airflow_sagemaker_automl.core.gate.rules import (
        BetterThanChampion as BetterThanChampion,
        NoSliceWorse as NoSliceWorse,
        Threshold as Threshold,
    )
    from airflow_sagemaker_automl.core.jobs.job_request import (
        AutoMLJobRequest as AutoMLJobRequest,
        Deployment as Deployment,
        InputChannel as InputChannel,
        NetworkSecurity as NetworkSecurity,
    )
    from airflow_sagemaker_automl.core.jobs.problem_types import (
        CompletionCriteria as CompletionCriteria,
        ImageClassification as ImageClassification,
        Tabular as Tabular,
        TextClassification as TextClassification,
        TextGeneration as TextGeneration,
        TimeSeriesForecasting as TimeSeriesForecasting,
    )
    from airflow_sagemaker_automl.core.jobs.v1_request import from_v1 as from_v1
    from airflow_sagemaker_automl.core.registry.model_version import ModelVersion as ModelVersion
    from airflow_sagemaker_automl.core.registry.version_arn import VersionArn as VersionArn
    from airflow_sagemaker_automl.exceptions import (
        AnswerNotApplied as AnswerNotApplied,
        AutoMLError as AutoMLError,
        AutoMLJobError as AutoMLJobError,
        AutoMLJobFailed as AutoMLJobFailed,
        AutoMLJobFlawed as AutoMLJobFlawed,
        AutoMLJobNotFound as AutoMLJobNotFound,
        AutoMLJobStopped as AutoMLJobStopped,
        AutoMLJobTimedOut as AutoMLJobTimedOut,
        AutoMLJobUnfinished as AutoMLJobUnfinished,
        CandidateNotRegistrable as CandidateNotRegistrable,
        CandidateRejected as CandidateRejected,
        ChampionChanged as ChampionChanged,
        ChampionUnreadable as ChampionUnreadable,
        DataNotScorable as DataNotScorable,
        EvaluationImpossible as EvaluationImpossible,
        EvaluationIncomplete as EvaluationIncomplete,
        InvalidEvaluation as InvalidEvaluation,
        InvalidJobRequest as InvalidJobRequest,
        InvalidModelCard as InvalidModelCard,
        InvalidModelPackage as InvalidModelPackage,
        InvalidQualityGate as InvalidQualityGate,
        InvalidRequest as InvalidRequest,
        InvalidScoring as InvalidScoring,
        JobNameTaken as JobNameTaken,
        JobNotFound as JobNotFound,
        ModelCardOverwritten as ModelCardOverwritten,
        ModelCardUnchangeable as ModelCardUnchangeable,
        ModelNameTaken as ModelNameTaken,
        ModelPackageDecidedElsewhere as ModelPackageDecidedElsewhere,
        ModelPackageDiffers as ModelPackageDiffers,
        ModelPackageFailed as ModelPackageFailed,
        ModelPackageGone as ModelPackageGone,
        ModelPackageGroupNotFound as ModelPackageGroupNotFound,
        ModelPackageRejected as ModelPackageRejected,
        ModelPackageTimedOut as ModelPackageTimedOut,
        ModelPackageUndecided as ModelPackageUndecided,
        ModelPackageUnfinished as ModelPackageUnfinished,
        NoApprovedVersion as NoApprovedVersion,
        NoBestCandidate as NoBestCandidate,
        NoQuota as NoQuota,
        OtherRegion as OtherRegion,
        OutputTaken as OutputTaken,
        PredictionsIncomplete as PredictionsIncomplete,
        QuestionOfAnotherVersion as QuestionOfAnotherVersion,
        QuotaReached as QuotaReached,
        QuotaWaitTimedOut as QuotaWaitTimedOut,
        ServiceUnavailable as ServiceUnavailable,
        TransformJobError as TransformJobError,
        TransformJobFailed as TransformJobFailed,
        TransformJobNotFound as TransformJobNotFound,
        TransformJobStopped as TransformJobStopped,
        TransformJobTimedOut as TransformJobTimedOut,
        TransformJobUnfinished as TransformJobUnfinished,
        UnknownStatus as UnknownStatus,
        VersionNotScorable as VersionNotScorable,
        Violation as Violation,
    )
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook as SageMakerAutoMLHook
    from airflow_sagemaker_automl.operators.approve import (
        SageMakerModelApprovalOperator as SageMakerModelApprovalOperator,
    )
    from airflow_sagemaker_automl.operators.check_group import (
        SageMakerCheckGroupOperator as SageMakerCheckGroupOperator,
    )
    from airflow_sagemaker_automl.operators.evaluate import (
        SageMakerModelEvaluationOperator as SageMakerModelEvaluationOperator,
    )
    from airflow_sagemaker_automl.operators.judge import SageMakerQualityGateOperator as SageMakerQualityGateOperator
    from airflow_sagemaker_automl.operators.register import (
        SageMakerRegisterCandidateOperator as SageMakerRegisterCandidateOperator,
    )
    from airflow_sagemaker_automl.operators.score import SageMakerBatchScoringOperator as SageMakerBatchScoringOperator
    from airflow_sagemaker_automl.operators.stop import SageMakerStopAutoMLJobOperator as SageMakerStopAutoMLJobOperator
    from airflow_sagemaker_automl.operators.train import SageMakerAutoMLJobOperator as SageMakerAutoMLJobOperator
    from airflow_sagemaker_automl.operators.update import (
        SageMakerUpdateModelPackageOperator as SageMakerUpdateModelPackageOperator,
    )
    from airflow_sagemaker_automl.rendering import render_html as render_html, render_markdown as render_markdown
    from airflow_sagemaker_automl.sensors.approval import (
        SageMakerModelPackageApprovalSensor as SageMakerModelPackageApprovalSensor,
    )
    from airflow_sagemaker_automl.sensors.job import SageMakerAutoMLJobSensor as SageMakerAutoMLJobSensor
    from airflow_sagemaker_automl.sensors.transform import SageMakerTransformJobSensor as SageMakerTransformJobSensor
    from airflow_sagemaker_automl.task_groups.retraining import (
        Retraining as Retraining,
        automl_retraining as automl_retraining,
    )

_MODULES = {
    "assets.events": ("approved", "approved_version", "approved_versions", "registered", "registered_version"),
    "assets.scored": ("scored",),
    "assets.watched": ("approvals_watched",),
    "core.card.sections": ("AdditionalInformation", "BusinessDetails", "IntendedUses", "ModelCard", "ModelOverview"),
    "core.card.sections_evaluation": (
        "BarChartMetric",
        "Evaluation",
        "LinearGraphMetric",
        "MatrixMetric",
        "MetricGroup",
        "SimpleMetric",
    ),
    "core.card.sections_training": ("ObjectiveFunction", "TrainingDetails", "TrainingJobDetails", "TrainingMetric"),
    "core.evaluation.record": ("EvaluationRecord",),
    "core.gate.quality_gate": ("QualityGate",),
    "core.gate.rules": ("BetterThanChampion", "NoSliceWorse", "Threshold"),
    "core.jobs.job_request": ("AutoMLJobRequest", "Deployment", "InputChannel", "NetworkSecurity"),
    "core.jobs.problem_types": (
        "CompletionCriteria",
        "ImageClassification",
        "Tabular",
        "TextClassification",
        "TextGeneration",
        "TimeSeriesForecasting",
    ),
    "core.jobs.v1_request": ("from_v1",),
    "core.registry.model_version": ("ModelVersion",),
    "core.registry.version_arn": ("VersionArn",),
    "exceptions": (
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
        "ChampionChanged",
        "ChampionUnreadable",
        "DataNotScorable",
        "EvaluationImpossible",
        "EvaluationIncomplete",
        "InvalidEvaluation",
        "InvalidJobRequest",
        "InvalidModelCard",
        "InvalidModelPackage",
        "InvalidQualityGate",
        "InvalidRequest",
        "InvalidScoring",
        "JobNameTaken",
        "JobNotFound",
        "ModelCardOverwritten",
        "ModelCardUnchangeable",
        "ModelNameTaken",
        "ModelPackageDecidedElsewhere",
        "ModelPackageDiffers",
        "ModelPackageFailed",
        "ModelPackageGone",
        "ModelPackageGroupNotFound",
        "ModelPackageRejected",
        "ModelPackageTimedOut",
        "ModelPackageUndecided",
        "ModelPackageUnfinished",
        "NoApprovedVersion",
        "NoBestCandidate",
        "NoQuota",
        "OtherRegion",
        "OutputTaken",
        "PredictionsIncomplete",
        "QuestionOfAnotherVersion",
        "QuotaReached",
        "QuotaWaitTimedOut",
        "ServiceUnavailable",
        "TransformJobError",
        "TransformJobFailed",
        "TransformJobNotFound",
        "TransformJobStopped",
        "TransformJobTimedOut",
        "TransformJobUnfinished",
        "UnknownStatus",
        "VersionNotScorable",
        "Violation",
    ),
    "hooks.automl": ("SageMakerAutoMLHook",),
    "operators.approve": ("SageMakerModelApprovalOperator",),
    "operators.check_group": ("SageMakerCheckGroupOperator",),
    "operators.judge": ("SageMakerQualityGateOperator",),
    "operators.register": ("SageMakerRegisterCandidateOperator",),
    "operators.evaluate": ("SageMakerModelEvaluationOperator",),
    "operators.score": ("SageMakerBatchScoringOperator",),
    "operators.stop": ("SageMakerStopAutoMLJobOperator",),
    "operators.train": ("SageMakerAutoMLJobOperator",),
    "operators.update": ("SageMakerUpdateModelPackageOperator",),
    "rendering": ("render_html", "render_markdown"),
    "sensors.approval": ("SageMakerModelPackageApprovalSensor",),
    "sensors.job": ("SageMakerAutoMLJobSensor",),
    "sensors.transform": ("SageMakerTransformJobSensor",),
    "task_groups.retraining": ("Retraining", "automl_retraining"),
}

__all__ = sorted(["__version__", *(name for names in _MODULES.values() for name in names)])


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
