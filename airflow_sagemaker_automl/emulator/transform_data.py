"""Whether a transform job has data: the service looks for them when the job is created."""

from __future__ import annotations

from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from airflow_sagemaker_automl.emulator.errors import ValidationException


def require_objects(uri: str, account: str, partition: str, region: str, role: str | None) -> None:
    """Refuse a job without any object, in the service's words from public reports.

    https://github.com/aws/amazon-sagemaker-examples/issues/2414

    :param uri: ``S3Uri`` of the input: a prefix or a manifest.
    :param role: execution role of the model.
    :raises ValidationException: the bucket does not exist in the region, or no key has the prefix.
    """
    bucket, _, prefix = uri.partition("://")[2].partition("/")
    try:
        found = s3_backends[account][partition].get_bucket(bucket)
    except S3ClientError:
        found = None
    if found and found.region_name == region and any(key.startswith(prefix) for key in list(found.keys)):
        return
    allowed = f', and that the role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}"' if role else ""
    raise ValidationException(
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists in '
        f"the selected region ({region}), that objects exist under that S3 prefix{allowed}."
    )
