"""OpenLineage facets of jobs and versions; imported when an event is built, never at DAG parse.

A facet's schema URL is that of its base facet; its members are described here and in the documentation.
"""
# ruff: noqa: N815 - OpenLineage's members are in camel case.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from attrs import define, field
from openlineage.client.generated.base import Dataset, DatasetFacet, JobFacet, RunFacet
from openlineage.client.generated.dataset_type_dataset import DatasetTypeDatasetFacet
from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
from openlineage.client.generated.external_query_run import ExternalQueryRunFacet

from airflow_sagemaker_automl.core.registry.lineage import DatasetName, version_place

# A package URL identifies a release independently of its location.
PRODUCER = f"pkg:pypi/airflow-sagemaker-automl@{version('airflow-sagemaker-automl')}"

JOB = "sageMakerAutoML_job"
ENDING = "sageMakerAutoML_ending"
VERDICT = "sageMakerAutoML_verdict"
VERSION = "sageMakerAutoML_modelVersion"


@define
class SageMakerAutoMLJobFacet(JobFacet):
    """An AutoML job: its objective and its best candidate.

    :param jobName: name of the AutoML job.
    :param jobArn: its ARN.
    :param problemType: ``Tabular``, ``TimeSeriesForecasting`` and so on.
    :param resolvedProblemType: ``BinaryClassification`` and so on, for tabular data.
    :param objectiveMetric: the metric by which candidates are ranked.
    :param objectiveType: ``Maximize`` or ``Minimize``.
    :param bestCandidate: name of the best candidate.
    :param bestObjectiveValue: its objective value.
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
    """Status or outcome of the AutoML job.

    :param status: ``AutoMLJobStatus``.
    :param secondaryStatus: ``AutoMLJobSecondaryStatus``.
    :param outcome: a value of :class:`~airflow_sagemaker_automl.core.jobs.outcome.JobOutcome`; None while it runs.
    :param failureReason: the service's failure reason of a failed job.
    :param partialFailures: parts that failed, each as ``PART: reason``; the parts are those of
        :class:`~airflow_sagemaker_automl.core.jobs.partial_failure.JobPart`.
    :param endpointName: the endpoint to which the job deployed its model; None without one.
    :param elapsedSeconds: from the job's creation to its end, or until now.
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
    """Verdict of a quality gate on a candidate.

    :param approved: whether the candidate passed all rules.
    :param jobName: the AutoML job.
    :param candidateName: the candidate.
    :param championArn: ARN of the champion that the candidate was compared with.
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
    :param modelPackageStatus: ``Completed`` if it can be used.
    :param approvalStatus: ``Approved``, ``Rejected`` or ``PendingManualApproval``.
    :param jobName: the AutoML job that trained it.
    :param jobArn: the job's ARN.
    :param candidateName: the job's candidate.
    :param objectiveMetric: the metric by which candidates were ranked.
    :param objectiveType: ``Maximize`` or ``Minimize``.
    :param objectiveValue: the candidate's objective value.
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


def datasets(places: Iterable[DatasetName]) -> list[Dataset]:
    """Build datasets without facets."""
    return [Dataset(namespace=place.namespace, name=place.name) for place in places]


def version_dataset(arn: str, facts: Mapping[str, Any] | None = None) -> Dataset | None:
    """Build the dataset of a version.

    :param arn: ARN of the version.
    :param facts: members of :class:`SageMakerAutoMLModelVersionDatasetFacet`; None if only the ARN is known.
    :return: None if ``arn`` is not an ARN.
    """
    place = version_place(arn)
    if place is None:
        return None
    facets: dict[str, DatasetFacet] = {"datasetType": DatasetTypeDatasetFacet(datasetType="MODEL", producer=PRODUCER)}
    if facts:
        facets[VERSION] = SageMakerAutoMLModelVersionDatasetFacet(**facts, producer=PRODUCER)
        if number := facts.get("modelPackageVersion"):
            facets["version"] = DatasetVersionDatasetFacet(datasetVersion=str(number), producer=PRODUCER)
    return Dataset(namespace=place.namespace, name=place.name, facets=facets)


def job_facets(job: Mapping[str, Any] | None) -> dict[str, JobFacet]:
    """Build the job facets of a task's AutoML job.

    :param job: members of :class:`SageMakerAutoMLJobFacet`.
    """
    return {JOB: SageMakerAutoMLJobFacet(**job, producer=PRODUCER)} if job else {}


def run_facets(
    job_arn: str | None, ending: Mapping[str, Any] | None, verdict: Mapping[str, Any] | None
) -> dict[str, RunFacet]:
    """Build the run facets of a task.

    :param job_arn: ARN of the AutoML job that this task ran.
    :param ending: members of :class:`SageMakerAutoMLEndingRunFacet`.
    :param verdict: members of :class:`SageMakerAutoMLVerdictRunFacet`.
    """
    facets: dict[str, RunFacet] = {}
    if job_arn:
        facets["externalQuery"] = ExternalQueryRunFacet(externalQueryId=job_arn, source="sagemaker", producer=PRODUCER)
    if ending:
        facets[ENDING] = SageMakerAutoMLEndingRunFacet(**ending, producer=PRODUCER)
    if verdict:
        facets[VERDICT] = SageMakerAutoMLVerdictRunFacet(**verdict, producer=PRODUCER)
    return facets
