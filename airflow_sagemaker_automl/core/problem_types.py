"""What kind of model to train: one class for each kind.

A problem type knows its own key in the API and what its models take and give at inference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class CompletionCriteria:
    """When to stop looking for better candidates.

    :param max_candidates: 1 to 750. Default: the service's own, which depends on mode and problem type.
    :param max_job_seconds: limit for the whole job, from 1 s to 30 days; training time is what a job costs.
        At the limit the job ends well, with the best candidate that it has found until then, if any.
        Default: no limit of its own.
    :param max_training_job_seconds: limit for each training job within it, from 1 s. Not above ``max_job_seconds``.
    """

    max_candidates: int | None = None
    max_job_seconds: int | None = None
    max_training_job_seconds: int | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``AutoMLJobCompletionCriteria``; what is left to the service is left out."""
        return present(
            MaxCandidates=self.max_candidates,
            MaxAutoMLJobRuntimeInSeconds=self.max_job_seconds,
            MaxRuntimePerTrainingJobInSeconds=self.max_training_job_seconds,
        )


@dataclass(frozen=True, kw_only=True)
class Tabular:
    """Regression, binary or multiclass classification on a table.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TabularJobConfig.html

    :param target: name of the column to predict.
    :param problem_type: ``BinaryClassification``, ``MulticlassClassification`` or ``Regression``. Default: the
        service finds out. Given together with the request's ``objective``, or not at all.
    :param mode: ``AUTO``, ``ENSEMBLING`` or ``HYPERPARAMETER_TUNING``. Default: ``AUTO``, by which the service
        takes ``ENSEMBLING`` for data of less than 100 MB.
    :param algorithms: those to try, for example ``["lightgbm", "xgboost"]``; not with mode ``AUTO``.
        Default: all of the mode's.
    :param completion: when to stop. Default: the service's own limits.
    :param sample_weight: name of a column of weights, in ``ENSEMBLING`` only. Default: all rows weigh the same.
    :param feature_specification: S3 URI of a JSON file that names and types the feature columns.
        Default: all columns, of the types that the service infers.
    :param candidate_definitions_only: only write notebooks that describe candidates, and train none.
    """

    target: str
    problem_type: str | None = None
    mode: str | None = None
    algorithms: Sequence[str] | None = None
    completion: CompletionCriteria | None = None
    sample_weight: str | None = None
    feature_specification: str | None = None
    candidate_definitions_only: bool | None = None

    api_key: ClassVar[str] = "TabularJobConfig"
    content_type: ClassVar[str] = "text/csv;header=present"
    inference_content_types: ClassVar[tuple[str, ...]] = ("text/csv",)
    inference_response_types: ClassVar[tuple[str, ...]] = ("text/csv",)

    def to_api(self) -> dict[str, Any]:
        """Write it as ``TabularJobConfig``; what is left to the service is left out."""
        algorithms = None if self.algorithms is None else [{"AutoMLAlgorithms": list(self.algorithms)}]
        return present(
            TargetAttributeName=self.target,
            ProblemType=self.problem_type,
            Mode=self.mode,
            CandidateGenerationConfig=present(AlgorithmsConfig=algorithms) or None,
            CompletionCriteria=self.completion.to_api() if self.completion else None,
            SampleWeightAttributeName=self.sample_weight,
            FeatureSpecificationS3Uri=self.feature_specification,
            GenerateCandidateDefinitionsOnly=self.candidate_definitions_only,
        )


PROBLEM_TYPES: dict[str, type[Tabular]] = {"Tabular": Tabular}


def present(**members: Any) -> dict[str, Any]:
    """Keep the members that have a value."""
    return {key: value for key, value in members.items() if value is not None}
