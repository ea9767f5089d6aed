"""What is told of jobs and versions in OpenLineage's words; imported when an event is made, never at DAG parse.

A facet's schema is told as that of its kind, and its members are described here and in the documentation.
"""
# ruff: noqa: N815 - OpenLineage's members are in camel case.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field
from openlineage.client.generated.base import Dataset, DatasetFacet, JobFacet, RunFacet
from openlineage.client.generated.dataset_type_dataset import DatasetTypeDatasetFacet
from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
from openlineage.client.generated.external_query_run import ExternalQueryRunFacet

from airflow_sagemaker_automl import __version__
from airflow_sagemaker_automl.core.lineage import Place, version_place

# A package URL, which names a release wherever it is kept.
PRODUCER = f"pkg:pypi/airflow-sagemaker-automl@{__version__}"

JOB = "sageMakerAutoML_job"
ENDING = "sageMakerAutoML_ending"
VERDICT = "sageMakerAutoML_verdict"
VERSION = "sageMakerAutoML_modelVersion"


@define
class SageMakerAutoMLJobFacet(JobFacet):
    """An AutoML job: what it looks for, and what it has found.

    :param jobName: name of the AutoML job.
    :param jobArn: its ARN.
    :param problemType: ``Tabular``, ``TimeSeriesForecasting`` and so on.
    :param resolvedProblemType: ``BinaryClassification`` and so on, for tables.
    :param objectiveMetric: what the candidates are ranked by.
    :param objectiveType: ``Maximize`` or ``Minimize``.
    :param bestCandidate: name of the best candidate.
    :param bestObjectiveValue: its value of the objective.
    """

    jobName: str | None = None
    jobArn: str | None = None
    problemType: str | None = None
    resolvedProblemType: str | None = None
    objectiveMetric: str | None = None
    objectiveType: str | None = None
    bestCandidate: str | None = None
    bestObjectiveValue: float | None = None


@define
class SageMakerAutoMLEndingRunFacet(RunFacet):
    """How the AutoML job stands, or has ended.

    :param status: ``AutoMLJobStatus``.
    :param secondaryStatus: ``AutoMLJobSecondaryStatus``.
    :param outcome: in the words of :class:`~airflow_sagemaker_automl.core.outcome.Outcome`; none while it runs.
    :param failureReason: what the service says of a job that failed.
    :param partialFailures: parts that failed, each as ``PART: reason``; the parts are those of
        :class:`~airflow_sagemaker_automl.core.partial_failure.JobPart`.
    :param endpointName: the endpoint that it has deployed its model to; none where there is none.
    :param elapsedSeconds: from its creation to its end, or until now.
    :param bestCandidateMetrics: data set → metric → value.
    """

    status: str
    secondaryStatus: str
    elapsedSeconds: float
    outcome: str | None = None
    failureReason: str | None = None
    partialFailures: list[str] = field(factory=list)
    endpointName: str | None = None
    bestCandidateMetrics: dict[str, dict[str, float]] = field(factory=dict)


@define
class SageMakerAutoMLVerdictRunFacet(RunFacet):
    """What a quality gate has said of a candidate.

    :param approved: whether all rules are kept.
    :param jobName: the AutoML job.
    :param candidateName: the candidate.
    :param championArn: ARN of the version that it was compared with.
    :param rules: ``name``, ``passed``, ``value``, ``limit`` and ``reason`` of each rule.
    """

    approved: bool
    jobName: str
    candidateName: str
    championArn: str | None = None
    rules: list[dict[str, Any]] = field(factory=list)


@define
class SageMakerAutoMLModelVersionDatasetFacet(DatasetFacet):
    """A version of a model package group.

    :param modelPackageArn: its ARN.
    :param modelPackageGroupName: its group.
    :param modelPackageVersion: its number in the group.
    :param modelPackageStatus: ``Completed`` when it can be used.
    :param approvalStatus: ``Approved``, ``Rejected`` or ``PendingManualApproval``.
    :param jobName: the AutoML job that trained it.
    :param jobArn: the job's ARN.
    :param candidateName: the job's candidate.
    :param objectiveMetric: what the candidates were ranked by.
    :param objectiveType: ``Maximize`` or ``Minimize``.
    :param objectiveValue: the candidate's value of it.
    """

    modelPackageArn: str
    modelPackageGroupName: str | None = None
    modelPackageVersion: int | None = None
    modelPackageStatus: str | None = None
    approvalStatus: str | None = None
    jobName: str | None = None
    jobArn: str | None = None
    candidateName: str | None = None
    objectiveMetric: str | None = None
    objectiveType: str | None = None
    objectiveValue: float | None = None


def datasets(places: Iterable[Place]) -> list[Dataset]:
    """Name datasets of which nothing more is told."""
    return [Dataset(namespace=place.namespace, name=place.name) for place in places]


def version_dataset(arn: str, facts: Mapping[str, Any] | None = None) -> Dataset | None:
    """Name a version, and tell of it.

    :param arn: ARN of the version.
    :param facts: members of :class:`SageMakerAutoMLModelVersionDatasetFacet`; None where no more than its ARN is known.
    :return: None for what is no ARN.
    """
    place = version_place(arn)
    if place is None:
        return None
    told: dict[str, DatasetFacet] = {"datasetType": DatasetTypeDatasetFacet(datasetType="MODEL", producer=PRODUCER)}
    if facts:
        told[VERSION] = SageMakerAutoMLModelVersionDatasetFacet(**facts, producer=PRODUCER)
        if number := facts.get("modelPackageVersion"):
            told["version"] = DatasetVersionDatasetFacet(datasetVersion=str(number), producer=PRODUCER)
    return Dataset(namespace=place.namespace, name=place.name, facets=told)


def job_facets(job: Mapping[str, Any] | None) -> dict[str, JobFacet]:
    """Tell which AutoML job a task is about.

    :param job: members of :class:`SageMakerAutoMLJobFacet`.
    """
    return {JOB: SageMakerAutoMLJobFacet(**job, producer=PRODUCER)} if job else {}


def run_facets(
    job_arn: str | None, ending: Mapping[str, Any] | None, verdict: Mapping[str, Any] | None
) -> dict[str, RunFacet]:
    """Tell what has come of it.

    :param job_arn: ARN of the AutoML job that this task has run.
    :param ending: members of :class:`SageMakerAutoMLEndingRunFacet`.
    :param verdict: members of :class:`SageMakerAutoMLVerdictRunFacet`.
    """
    told: dict[str, RunFacet] = {}
    if job_arn:
        told["externalQuery"] = ExternalQueryRunFacet(externalQueryId=job_arn, source="sagemaker", producer=PRODUCER)
    if ending:
        told[ENDING] = SageMakerAutoMLEndingRunFacet(**ending, producer=PRODUCER)
    if verdict:
        told[VERDICT] = SageMakerAutoMLVerdictRunFacet(**verdict, producer=PRODUCER)
    return told
