"""Dataset names and facts for lineage: data, models and versions.

Only what lineage reports is read here: no container environment, no model card.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_sagemaker_automl.core.values.evidence import ANALYSIS_FILE, STATISTICS_FILE
from airflow_sagemaker_automl.core.values.literals import at, mapping, number, sequence, text

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob

_PARTS_BEFORE_THE_RESOURCE = 5
_S3 = "s3://"


class DatasetName(NamedTuple):
    """Name of a dataset, by OpenLineage's naming conventions.

    :param namespace: ``s3://BUCKET``, or an ARN up to the account.
    :param name: the name in the namespace: an object's key, or the rest of the ARN.
    """

    namespace: str
    name: str


def s3_place(uri: Any) -> DatasetName | None:
    """Return the dataset name of an S3 URI; a prefix has no trailing slash, as in Airflow and Spark.

    :return: None if the value is not an S3 URI.
    """
    if not isinstance(uri, str) or not uri.startswith(_S3):
        return None
    bucket, _, key = uri.removeprefix(_S3).partition("/")
    return DatasetName(f"{_S3}{bucket}", key.strip("/") or "/") if bucket else None


def version_place(arn: Any) -> DatasetName | None:
    """Return the dataset name of a model package; OpenLineage splits its ARN before the resource, as for Glue.

    :return: None if the value is not an ARN.
    """
    parts = arn.split(":", _PARTS_BEFORE_THE_RESOURCE) if isinstance(arn, str) else []
    if len(parts) <= _PARTS_BEFORE_THE_RESOURCE or parts[0] != "arn" or not parts[-1]:
        return None
    return DatasetName(":".join(parts[:-1]), parts[-1])


def s3_places(uris: Iterable[Any]) -> tuple[DatasetName, ...]:
    """Return the dataset names of S3 URIs, each once; other values are ignored."""
    return tuple(dict.fromkeys(place for uri in uris if (place := s3_place(uri))))


def data_uris(request: Any) -> list[str]:
    """List the S3 URIs of the data of all channels of a request, even an invalid one."""
    channels = sequence(mapping(request).get("AutoMLJobInputDataConfig"))
    return [uri for channel in channels if (uri := text(at(channel, "DataSource", "S3DataSource", "S3Uri")))]


def candidate_uris(candidate: Candidate) -> Iterator[str | None]:
    """Yield the S3 URIs of a candidate's models, and of its reports if it has any."""
    yield from _model_uris(candidate.containers)
    for chain in candidate.containers_by_unit.values():
        yield from _model_uris(chain)
    reports = ((candidate.model_insights_prefix, STATISTICS_FILE), (candidate.explainability_prefix, ANALYSIS_FILE))
    for prefix, file in reports:
        if prefix:
            yield f"{prefix.rstrip('/')}/{file}"


def version_uris(members: Any) -> Iterator[str | None]:
    """Yield the S3 URIs of the models and reports of a version.

    :param members: arguments of ``CreateModelPackage``, or the answer of ``DescribeModelPackage``.
    """
    members = mapping(members)
    specifications = [
        members.get("InferenceSpecification"),
        *sequence(members.get("AdditionalInferenceSpecifications")),
    ]
    for specification in map(mapping, specifications):
        yield from _model_uris(sequence(specification.get("Containers")))
    for kind in mapping(members.get("ModelMetrics")).values():
        for source in mapping(kind).values():
            yield text(at(source, "S3Uri"))


def _model_uris(containers: Iterable[Any]) -> Iterator[str | None]:
    for container in map(mapping, containers):
        yield text(container.get("ModelDataUrl")) or text(at(container, "ModelDataSource", "S3DataSource", "S3Uri"))


def job_facts(job: AutoMLJob) -> dict[str, Any]:
    """Return a job's identity, problem type, objective and best candidate."""
    best, objective = job.best_candidate, job.best_candidate.objective if job.best_candidate else None
    return {
        "jobName": job.name,
        "jobArn": job.arn,
        "problemType": job.problem_type,
        "resolvedProblemType": job.resolved_problem_type,
        "objectiveMetric": job.objective,
        "objectiveType": job.objective_type,
        "bestCandidate": best.name if best else None,
        "bestObjectiveValue": objective.value if objective else None,
    }


def ending_facts(job: AutoMLJob) -> dict[str, Any]:
    """Return a job's status and outcome."""
    return {
        "status": job.status.value,
        "secondaryStatus": job.secondary_status,
        "outcome": job.outcome.value if job.outcome else None,
        "failureReason": job.failure_reason,
        "partialFailures": [str(each) for each in job.failed_parts],
        "endpointName": job.endpoint_name,
        "elapsedSeconds": round(job.elapsed_seconds, 3),
        "bestCandidateMetrics": job.best_candidate.metrics_by_set() if job.best_candidate else {},
    }


def version_facts(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version's identity, status and origin.

    :param described: the answer of ``DescribeModelPackage``.
    """
    # Every operator imports this module at DAG parse; few need the other one then.
    from airflow_sagemaker_automl.core.registry.model_package import Metadata, recorded_objective

    metadata = mapping(described.get("CustomerMetadataProperties"))
    objective = recorded_objective(metadata)
    return {
        "modelPackageArn": described["ModelPackageArn"],
        "modelPackageGroupName": described.get("ModelPackageGroupName"),
        "modelPackageVersion": described.get("ModelPackageVersion"),
        "modelPackageStatus": described.get("ModelPackageStatus"),
        "approvalStatus": described.get("ModelApprovalStatus"),
        "jobName": metadata.get(Metadata.AUTOML_JOB_NAME.value),
        "jobArn": text(at(described, "MetadataProperties", "GeneratedBy")),
        "candidateName": metadata.get(Metadata.CANDIDATE_NAME.value),
        "objectiveMetric": objective.metric if objective else None,
        "objectiveType": objective.direction if objective else None,
        "objectiveValue": number(metadata.get(Metadata.OBJECTIVE_VALUE.value)),
    }
