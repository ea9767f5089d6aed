"""Lineage: what tasks read and write, told to OpenLineage, and what custom code does with the hook, told to Airflow.

Tasks remember what they see on their way, and tell that: an event costs no call to AWS, and nothing of OpenLineage is
imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.lineage import (
    Place,
    candidate_uris,
    data_uris,
    ending_facts,
    job_facts,
    s3_places,
    version_facts,
    version_place,
    version_uris,
)
from airflow_sagemaker_automl.core.literals import merged

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Asset, BaseHook
    from openlineage.client.generated.base import Dataset

    from airflow_sagemaker_automl.core.candidate import Candidate
    from airflow_sagemaker_automl.core.job import AutoMLJob

_SCHEME = "sagemaker://"
_SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a task has seen so far, no more of it than is told; the rest of the task may be told of as well.

    :param data: the data of the AutoML job.
    :param models: the models of the candidate, and the service's reports on it.
    :param job: members of the facet on the job.
    :param ending: members of the facet on its ending.
    :param verdict: members of the facet on what a quality gate has said.
    :param version: members of the facet on the version.
    """

    data: tuple[Place, ...] = ()
    models: tuple[Place, ...] = ()
    job: Mapping[str, Any] = field(default_factory=dict)
    ending: Mapping[str, Any] = field(default_factory=dict)
    verdict: Mapping[str, Any] = field(default_factory=dict)
    version: Mapping[str, Any] = field(default_factory=dict)


class RemembersLineage:
    """A task that remembers what it has seen of jobs, candidates and versions."""

    _seen = Seen()

    def remember_request(self, request: Mapping[str, Any]) -> None:
        """Remember what is asked for, in case that no job comes of it."""
        self._seen = replace(self._seen, data=s3_places(data_uris(request)))

    def remember_job(self, job: AutoMLJob) -> None:
        """Remember a job as it was last seen."""
        models = s3_places(candidate_uris(job.best_candidate)) if job.best_candidate else ()
        self._seen = replace(
            self._seen, data=s3_places(job.datasets), models=models, job=job_facts(job), ending=ending_facts(job)
        )

    def remember_candidate(self, job: AutoMLJob, candidate: Candidate) -> None:
        """Remember the candidate that is judged or registered, which need not be the best one."""
        self._seen = replace(self._seen, models=s3_places(candidate_uris(candidate)), job=job_facts(job))

    def remember_version(self, described: Mapping[str, Any]) -> None:
        """Remember a version as it was last seen.

        :param described: the answer of ``DescribeModelPackage``.
        """
        self._seen = replace(self._seen, models=s3_places(version_uris(described)), version=version_facts(described))

    def remember_verdict(self, result: Mapping[str, Any]) -> None:
        """Remember what a quality gate has said.

        :param result: of the task that has asked it.
        """
        verdict = {
            "approved": result["approved"],
            "jobName": result["job_name"],
            "candidateName": result["candidate_name"],
            "championArn": result["champion"],
            "rules": result["rules"],
        }
        self._seen = replace(self._seen, verdict=verdict)


class TellsLineage(RemembersLineage):
    """A task that OpenLineage asks what it reads and writes, by the names of these methods."""

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any] | None:
        """Tell what is known of a task whose fields are rendered."""
        return self._lineage()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Tell of a task that has succeeded, or was skipped.

        :param task_instance: of Airflow, which knows which of the two.
        """
        return self._lineage(has_succeeded=getattr(task_instance, "state", None) != _SKIPPED)

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Tell of a task that has failed, as far as it got.

        :param task_instance: of Airflow.
        """
        return self._lineage()

    def _lineage(self, *, has_succeeded: bool = False) -> OperatorLineage[Any, Any] | None:
        try:
            from airflow.providers.openlineage.extractors import OperatorLineage

            from airflow_sagemaker_automl import facets
        except ImportError:
            return None
        seen = self._seen
        return OperatorLineage(
            inputs=facets.datasets(self._inputs()),
            outputs=[*self._outputs(), *(self._told_outlets() if has_succeeded else ())],
            job_facets=facets.job_facets(seen.job or _job_of(seen.version)),
            run_facets=facets.run_facets(seen.job.get("jobArn") if seen.ending else None, seen.ending, seen.verdict),
        )

    def _inputs(self) -> Iterable[Place]:
        return ()

    def _outputs(self) -> list[Dataset]:
        return []

    def _told_outlets(self) -> list[Dataset]:
        """Name those outlets of ours that are left, for OpenLineage looks at no outlets of a task that tells itself."""
        outlets = getattr(self, "outlets", ())
        return [to_openlineage(outlet) for outlet in outlets if str(getattr(outlet, "uri", "")).startswith(_SCHEME)]

    def _version(self, arn: Any) -> list[Dataset]:
        from airflow_sagemaker_automl import facets

        facts = self._seen.version
        dataset = facets.version_dataset(str(facts.get("modelPackageArn") or arn or ""), facts)
        return [dataset] if dataset else []


class TellsOfTraining(TellsLineage):
    """A task that trains: data in, models and reports of the best candidate out."""

    request: Any
    extra_request: Any

    def _inputs(self) -> Iterable[Place]:
        # A request in a file is known when the task has read it.
        if self._seen.data or not isinstance(self.request, Mapping):
            return self._seen.data
        extra = self.extra_request
        return s3_places(data_uris(merged(self.request, extra if isinstance(extra, Mapping) else {})))

    def _outputs(self) -> list[Dataset]:
        from airflow_sagemaker_automl import facets

        return facets.datasets(self._seen.models)


class TellsOfJudging(TellsLineage):
    """A task that judges: models and reports of the candidate in, and the version that it has to beat."""

    def _inputs(self) -> Iterable[Place]:
        champion = version_place(self._seen.verdict.get("championArn"))
        return [*self._seen.models, *([champion] if champion else [])]


class TellsOfRegistration(TellsLineage):
    """A task that registers: models and reports of the candidate in, the version out."""

    def _inputs(self) -> Iterable[Place]:
        return self._seen.models

    def _outputs(self) -> list[Dataset]:
        return self._version(None)


class TellsOfVersion(TellsLineage):
    """A task that changes a version, or has somebody decide on it: the version out, as it stands then."""

    model_package_arn: str

    def _outputs(self) -> list[Dataset]:
        return self._version(self.model_package_arn)


def _job_of(version: Mapping[str, Any]) -> dict[str, Any]:
    """Say of the job what a version tells of it."""
    members = ("jobName", "jobArn", "objectiveMetric", "objectiveType")
    return {member: version[member] for member in members if version.get(member)}


def to_openlineage(asset: Asset, lineage_context: Any = None) -> Dataset:
    """Name an asset of the scheme ``sagemaker`` as OpenLineage does, as Airflow asks for each that a task has.

    :param asset: of a group; or of a version, if its ``extra`` has the ``model_package_arn``.
    :param lineage_context: not looked at.
    """
    from airflow_sagemaker_automl import facets

    version = facets.version_dataset(str(asset.extra.get("model_package_arn") or ""))
    if version:
        return version
    # Approvals are the same thing whoever tells of them.
    groups, _, name = asset.uri.partition("/watched/")[0].removeprefix(_SCHEME).partition("/")
    return facets.datasets([Place(f"{_SCHEME}{groups}", name)])[0]


def collect(hook: BaseHook, *, read: Iterable[Any] = (), version: tuple[str, str] | None = None) -> None:
    """Tell Airflow's hook lineage what a hook has done; nothing comes of it where nobody listens.

    :param read: S3 URIs of what was read; others are left out.
    :param version: name or ARN of a model package group, and the ARN of the version that was made in it.
    """
    from airflow.sdk.lineage import get_hook_lineage_collector

    collector = get_hook_lineage_collector()
    for place in s3_places(read):
        bucket, key = place.namespace.removeprefix("s3://"), place.name.removeprefix("/")
        collector.add_input_asset(hook, scheme="s3", asset_kwargs={"bucket": bucket, "key": key})
    if version:
        group, arn = version
        collector.add_output_asset(
            hook,
            scheme="sagemaker",
            asset_kwargs={"model_package_group": group},
            asset_extra={"model_package_arn": arn},
        )
