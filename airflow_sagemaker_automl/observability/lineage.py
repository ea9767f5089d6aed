"""Lineage of tasks for OpenLineage.

A task records what it reads and writes while it runs, so an event costs no call to AWS. OpenLineage is imported only
when an event is requested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias

from airflow_sagemaker_automl.core.registry.lineage import (
    DatasetName,
    candidate_uris,
    data_uris,
    ending_facts,
    job_facts,
    s3_places,
    version_facts,
    version_place,
    version_uris,
)
from airflow_sagemaker_automl.core.values.literals import merged

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Asset
    from openlineage.client.generated.base import Dataset

    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob

Datasets: TypeAlias = Literal["data", "models", "champion", "version", "scores"]

_SCHEME = "sagemaker://"


@dataclass(frozen=True, kw_only=True)
class LineageRecord:
    """What a task has read so far, limited to what its events contain.

    :param data: the data of the AutoML job.
    :param models: the models of the candidate, and the service's reports on it.
    :param scores: the table that a scoring wrote.
    :param job: members of the job facet.
    :param ending: members of the facet on the job's outcome.
    :param verdict: members of the verdict facet.
    :param version: members of the version facet.
    """

    data: tuple[DatasetName, ...] = ()
    models: tuple[DatasetName, ...] = ()
    scores: tuple[DatasetName, ...] = ()
    job: Mapping[str, Any] = field(default_factory=dict)
    ending: Mapping[str, Any] = field(default_factory=dict)
    verdict: Mapping[str, Any] = field(default_factory=dict)
    version: Mapping[str, Any] = field(default_factory=dict)

    def with_request(self, request: Mapping[str, Any]) -> LineageRecord:
        """Add a request, in case no job is created."""
        return replace(self, data=s3_places(data_uris(request)))

    def with_job(self, job: AutoMLJob) -> LineageRecord:
        """Add a job as last described."""
        models = s3_places(candidate_uris(job.best_candidate)) if job.best_candidate else ()
        data = s3_places(job.datasets)
        return replace(self, data=data, models=models, job=job_facts(job), ending=ending_facts(job))

    def with_candidate(self, job: AutoMLJob, candidate: Candidate) -> LineageRecord:
        """Add the candidate that is judged or registered; it may not be the best one."""
        return replace(self, models=s3_places(candidate_uris(candidate)), job=job_facts(job))

    def with_version(self, described: Mapping[str, Any]) -> LineageRecord:
        """Add a version as last described.

        :param described: the response of ``DescribeModelPackage``.
        """
        return replace(self, models=s3_places(version_uris(described)), version=version_facts(described))

    def with_scoring(self, data: str, arn: str, scores: str | None = None) -> LineageRecord:
        """Add a scoring.

        :param data: S3 URI of the table that is scored.
        :param arn: ARN of the version that scores.
        :param scores: S3 URI of the result; None while there is none.
        """
        return replace(self, data=s3_places([data]), scores=s3_places([scores]), version={"modelPackageArn": arn})

    def with_verdict(self, result: Mapping[str, Any]) -> LineageRecord:
        """Add a quality gate's verdict.

        :param result: of the task that judged.
        """
        verdict = {
            "approved": result["approved"],
            "jobName": result["job_name"],
            "candidateName": result["candidate_name"],
            "championArn": result["champion"],
            "rules": result["rules"],
        }
        return replace(self, verdict=verdict)


class HasLineage(Protocol):
    """A task with lineage; every operator and sensor of this package is one.

    ``reads`` and ``writes`` name its datasets; what they are is in the record.
    """

    reads: ClassVar[Sequence[Datasets]]
    writes: ClassVar[Sequence[Datasets]]
    lineage: LineageRecord


def lineage_of(task: HasLineage, *, has_succeeded: bool = False) -> OperatorLineage[Any, Any] | None:
    """Describe a task's datasets and facets; None if OpenLineage is not installed.

    :param has_succeeded: whether the task's outlets have events.
    """
    try:
        from airflow.providers.openlineage.extractors import OperatorLineage

        from airflow_sagemaker_automl.observability import facets
    except ImportError:
        return None
    seen = task.lineage
    written = [dataset for name in task.writes for dataset in _datasets(task, name)]
    return OperatorLineage(
        inputs=[dataset for name in task.reads for dataset in _datasets(task, name)],
        outputs=[*written, *(_outlets(task) if has_succeeded else ())],
        job_facets=facets.job_facets(seen.job or _job_of(seen.version)),
        run_facets=facets.run_facets(seen.job.get("jobArn") if seen.ending else None, seen.ending, seen.verdict),
    )


def _datasets(task: HasLineage, name: Datasets) -> list[Dataset]:
    from airflow_sagemaker_automl.observability import facets

    seen = task.lineage
    if name == "version":
        arn = seen.version.get("modelPackageArn") or getattr(task, "model_package_arn", None)
        dataset = facets.version_dataset(str(arn or ""), seen.version)
        return [dataset] if dataset else []
    if name == "champion":
        champion = version_place(seen.verdict.get("championArn"))
        return facets.datasets([champion] if champion else [])
    if name == "scores":
        return facets.datasets(seen.scores)
    return facets.datasets(seen.models if name == "models" else seen.data or _data_of_request(task))


def _data_of_request(task: Any) -> Sequence[DatasetName]:
    """Read the data from a rendered request; a request in a file is known only after the task has read it."""
    request, extra = getattr(task, "request", None), getattr(task, "extra_request", None)
    if request is None:
        return s3_places([getattr(task, "data", None)])
    if not isinstance(request, Mapping):
        return ()
    return s3_places(data_uris(merged(request, extra if isinstance(extra, Mapping) else {})))


def _outlets(task: Any) -> list[Dataset]:
    """Convert the task's remaining outlets, because OpenLineage ignores outlets of a task with lineage of its own."""
    return [to_openlineage(outlet) for outlet in task.outlets if str(getattr(outlet, "uri", "")).startswith(_SCHEME)]


def _job_of(version: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of the job facet that a version contains."""
    members = ("jobName", "jobArn", "objectiveMetric", "objectiveType")
    return {member: version[member] for member in members if version.get(member)}


def to_openlineage(asset: Asset, lineage_context: Any = None) -> Dataset:
    """Convert an asset of the scheme ``sagemaker`` to a dataset; Airflow calls this for each asset of a task.

    :param asset: of a group; or of a version, if its ``extra`` contains ``model_package_arn``.
    :param lineage_context: not used.
    """
    from airflow_sagemaker_automl.observability import facets

    version = facets.version_dataset(str(asset.extra.get("model_package_arn") or ""))
    if version:
        return version
    # Approvals of tasks and approvals of watchers are the same dataset.
    groups, _, name = asset.uri.partition("/watched/")[0].removeprefix(_SCHEME).partition("/")
    return facets.datasets([DatasetName(f"{_SCHEME}{groups}", name)])[0]
