"""Typed requests for AutoML jobs, which become the arguments of ``CreateAutoMLJobV2``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.jobs.problem_types import PROBLEM_TYPES, ProblemType
from airflow_sagemaker_automl.core.values.members import (
    Flag,
    Number,
    Text,
    Texts,
    api_of,
    listed,
    present,
    text_of,
    unless_none,
)
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation


@dataclass(frozen=True, kw_only=True)
class InputChannel:
    """Location and format of input data.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobChannel.html

    :param uri: S3 URI of a prefix, or of a manifest.
    :param data_type: ``S3Prefix`` (default), ``ManifestFile`` (tabular and images) or ``AugmentedManifestFile``
        (images).
    :param content_type: ``text/csv;header=present``, ``x-application/vnd.amazon+parquet``, or for images
        ``image/png``, ``image/jpeg``, ``image/*``. Default: CSV with a header, or any image.
    :param compression: ``"None"`` (a string) or ``"Gzip"``; the latter for tabular ``S3Prefix`` data only. Default:
        unset.
    """

    uri: Text
    data_type: Text = "S3Prefix"
    content_type: Text | None = None
    compression: Text | None = None

    def to_api(self, kind: str, default_content_type: str) -> dict[str, Any]:
        """Write it as ``AutoMLJobChannel``.

        :param kind: ``training`` or ``validation``.
        :param default_content_type: content type for a channel without one.
        """
        return present(
            ChannelType=kind,
            ContentType=self.content_type or default_content_type,
            CompressionType=self.compression,
            DataSource={"S3DataSource": {"S3DataType": self.data_type, "S3Uri": self.uri}},
        )


@dataclass(frozen=True, kw_only=True)
class NetworkSecurity:
    """VPC of the training, and encryption of its volumes and traffic.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLSecurityConfig.html

    :param subnets: 1 to 16 subnets of a VPC, given together with security groups. Default: no VPC.
    :param security_group_ids: 1 to 5 security groups of the same VPC.
    :param volume_kms_key: KMS key for the training volumes. Default: the service's own.
    :param encrypt_inter_container_traffic: encrypt traffic between training containers; slower. Default: no.
    """

    subnets: Texts | None = None
    security_group_ids: Texts | None = None
    volume_kms_key: Text | None = None
    encrypt_inter_container_traffic: Flag | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``AutoMLSecurityConfig``."""
        vpc = present(Subnets=listed(self.subnets), SecurityGroupIds=listed(self.security_group_ids))
        return present(
            VolumeKmsKeyId=self.volume_kms_key,
            EnableInterContainerTrafficEncryption=self.encrypt_inter_container_traffic,
            VpcConfig=vpc or None,
        )


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Deploy the best candidate to an endpoint after training; an endpoint costs money while it exists.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelDeployConfig.html

    :param endpoint_name: 1 to 63 letters, digits and hyphens; required unless the service generates a name.
    :param auto_generate_endpoint_name: True lets the service generate a name; ``endpoint_name`` must then be unset.
        Default: no.
    """

    endpoint_name: Text | None = None
    auto_generate_endpoint_name: Flag | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``ModelDeployConfig``."""
        return present(EndpointName=self.endpoint_name, AutoGenerateEndpointName=self.auto_generate_endpoint_name)


@dataclass(frozen=True, kw_only=True)
class AutoMLJobRequest:
    """A request for an AutoML job.

    Every string may be a Jinja template, and every value an XComArg, except the problem type and the names of tags.
    Numbers may be given as strings.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html

    :param problem_type: what to train: one of the five problem types, for example
        :class:`~airflow_sagemaker_automl.Tabular`.
    :param training_data: S3 URI of the training data, or an :class:`InputChannel` with its format. At least 500 rows
        for tabular jobs.
    :param output: S3 prefix for models and reports, at most 512 characters.
    :param role_arn: the role that SageMaker assumes to read the data and train; not the role of Airflow.
    :param validation_data: validation data, with the same content type; not for time series. Default: the service
        splits the training data.
    :param validation_fraction: fraction of the training data to validate on, above 0 and below 1; not for time series,
        and without effect if there is validation data. Default: the service's, 0.2.
    :param objective: metric to rank candidates by, for example ``F1``, ``AUC``, ``MSE``; for tabular jobs given
        together with the problem type's own ``problem_type``. Default: the service's for the problem type.
    :param output_kms_key: KMS key to encrypt the output with. Default: the service's own.
    :param security: network and encryption of the training. Default: the service's.
    :param deployment: deploy the best candidate. Default: no.
    :param emr_serverless_role_arn: role for EMR Serverless; AWS documents it for SageMaker Canvas only.
    :param tags: at most 50 tags of the job, for example for cost allocation. The operator adds its own,
        ``airflow:…``.
    """

    problem_type: ProblemType
    training_data: Text | InputChannel
    output: Text
    role_arn: Text
    validation_data: Text | InputChannel | None = None
    validation_fraction: Number | None = None
    objective: Text | None = None
    output_kms_key: Text | None = None
    security: NetworkSecurity | None = None
    deployment: Deployment | None = None
    emr_serverless_role_arn: Text | None = None
    tags: Mapping[str, Text] = field(default_factory=dict)

    def to_api(self) -> dict[str, Any]:
        """Write it as the arguments of ``CreateAutoMLJobV2``, without the job's name; a new value at each call.

        :raises InvalidJobRequest: ``problem_type`` is not one of the five.
        """
        if not isinstance(self.problem_type, tuple(PROBLEM_TYPES.values())):
            rule = f"must be one of {', '.join(f'{name}(...)' for name in PROBLEM_TYPES)}"
            raise InvalidJobRequest([Violation("problem_type", self.problem_type, rule)])
        channels = [self._channel("training", self.training_data)]
        if self.validation_data is not None:
            channels.append(self._channel("validation", self.validation_data))
        return present(
            AutoMLJobInputDataConfig=channels,
            OutputDataConfig=present(S3OutputPath=self.output, KmsKeyId=self.output_kms_key),
            AutoMLProblemTypeConfig={self.problem_type.api_key: self.problem_type.to_api()},
            RoleArn=self.role_arn,
            AutoMLJobObjective=present(MetricName=self.objective) or None,
            DataSplitConfig=present(ValidationFraction=self.validation_fraction) or None,
            SecurityConfig=api_of(self.security, NetworkSecurity),
            ModelDeployConfig=api_of(self.deployment, Deployment),
            AutoMLComputeConfig=unless_none(
                self.emr_serverless_role_arn,
                lambda arn: {"EmrServerlessComputeConfig": {"ExecutionRoleARN": arn}},
            ),
            Tags=_tags(self.tags),
        )

    def _channel(self, kind: str, data: Text | InputChannel) -> dict[str, Any]:
        channel = data if isinstance(data, InputChannel) else InputChannel(uri=data)
        return channel.to_api(kind, self.problem_type.content_types[0])


def _tags(tags: Any) -> Any:
    if not isinstance(tags, Mapping):
        return tags
    return [{"Key": key, "Value": text_of(value)} for key, value in tags.items()] or None
