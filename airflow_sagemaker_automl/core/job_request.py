"""What we ask the service for: a typed request that becomes the arguments of ``CreateAutoMLJobV2``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.members import (
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
from airflow_sagemaker_automl.core.problem_types import PROBLEM_TYPES, ProblemType
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation


@dataclass(frozen=True, kw_only=True)
class InputChannel:
    """Where data is, and how it is written.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobChannel.html

    :param uri: S3 URI of a prefix, or of a manifest.
    :param data_type: ``S3Prefix`` (default), ``ManifestFile`` (tabular and images) or ``AugmentedManifestFile``
        (images).
    :param content_type: ``text/csv;header=present``, ``x-application/vnd.amazon+parquet``, or for images
        ``image/png``, ``image/jpeg``, ``image/*``. Default: CSV with a header, or any image.
    :param compression: ``None`` (a text, meaning none) or ``Gzip``, the latter for tabular ``S3Prefix`` data only.
    """

    uri: Text
    data_type: Text = "S3Prefix"
    content_type: Text | None = None
    compression: Text | None = None

    def to_api(self, kind: str, default_content_type: str) -> dict[str, Any]:
        """Write it as ``AutoMLJobChannel``.

        :param kind: ``training`` or ``validation``.
        :param default_content_type: what to fill in where the channel says none.
        """
        return present(
            ChannelType=kind,
            ContentType=self.content_type or default_content_type,
            CompressionType=self.compression,
            DataSource={"S3DataSource": {"S3DataType": self.data_type, "S3Uri": self.uri}},
        )

    @classmethod
    def from_api(cls, channel: Mapping[str, Any]) -> InputChannel:
        """Read an ``AutoMLJobChannel``."""
        source = channel["DataSource"]["S3DataSource"]
        return cls(
            uri=source["S3Uri"],
            data_type=source["S3DataType"],
            content_type=channel.get("ContentType"),
            compression=channel.get("CompressionType"),
        )


@dataclass(frozen=True, kw_only=True)
class NetworkSecurity:
    """Where training runs in your network, and how its disks and traffic are encrypted.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLSecurityConfig.html

    :param subnets: 1 to 16 subnets of a VPC, given together with security groups. Default: no VPC of one's own.
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

    @classmethod
    def from_api(cls, members: Mapping[str, Any]) -> NetworkSecurity:
        """Read ``AutoMLSecurityConfig``."""
        vpc = members.get("VpcConfig", {})
        return cls(
            subnets=vpc.get("Subnets"),
            security_group_ids=vpc.get("SecurityGroupIds"),
            volume_kms_key=members.get("VolumeKmsKeyId"),
            encrypt_inter_container_traffic=members.get("EnableInterContainerTrafficEncryption"),
        )


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Deploy the best candidate to an endpoint when the job is done; endpoints cost money while they exist.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelDeployConfig.html

    :param endpoint_name: 1 to 63 letters, digits and hyphens; needed unless the service is to make a name.
    :param auto_generate_endpoint_name: True lets the service make a name, and then none may be given.
    """

    endpoint_name: Text | None = None
    auto_generate_endpoint_name: Flag | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``ModelDeployConfig``."""
        return present(EndpointName=self.endpoint_name, AutoGenerateEndpointName=self.auto_generate_endpoint_name)

    @classmethod
    def from_api(cls, members: Mapping[str, Any]) -> Deployment:
        """Read ``ModelDeployConfig``."""
        return cls(
            endpoint_name=members.get("EndpointName"),
            auto_generate_endpoint_name=members.get("AutoGenerateEndpointName"),
        )


@dataclass(frozen=True, kw_only=True)
class AutoMLJobRequest:
    """An AutoML job to run.

    Every text may be a Jinja template, and every value an XComArg but for the problem type and the names of tags;
    what stands in place of a number may be a text.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html

    :param problem_type: what to train: one of the five types of :mod:`~airflow_sagemaker_automl.core.problem_types`.
    :param training_data: S3 URI of the training data, or an :class:`InputChannel` that says how it is written.
        At least 500 rows for tabular jobs.
    :param output: S3 prefix for models and reports, at most 512 characters.
    :param role_arn: the role that SageMaker reads the data and trains with; not the role of Airflow.
    :param validation_data: data to validate on, of the same content type; not for time series. Default: the service
        splits some off the training data.
    :param validation_fraction: how much to split off, above 0 and below 1; not for time series, and pointless with
        validation data. Default: the service's, 0.2.
    :param objective: metric to rank candidates by, for example ``F1``, ``AUC``, ``MSE``; for tabular jobs given
        together with the problem type's own ``problem_type``. Default: the service's for the kind of problem.
    :param output_kms_key: KMS key to encrypt the output with. Default: none of one's own.
    :param security: network and encryption of the training. Default: the service's.
    :param deployment: deploy the best candidate. Default: no.
    :param emr_serverless_role_arn: role for EMR Serverless; the service means it for SageMaker Canvas only.
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

    @classmethod
    def from_api(cls, request: Mapping[str, Any]) -> AutoMLJobRequest:
        """Read the arguments of ``CreateAutoMLJobV2``; the job's name is not part of it.

        :raises KeyError: a member that the service requires is missing, or the problem type is not known.
        """
        ((key, members),) = request["AutoMLProblemTypeConfig"].items()
        channels = {
            channel.get("ChannelType", "training"): InputChannel.from_api(channel)
            for channel in request["AutoMLJobInputDataConfig"]
        }
        output = request["OutputDataConfig"]
        compute = request.get("AutoMLComputeConfig", {}).get("EmrServerlessComputeConfig", {})
        return cls(
            problem_type=PROBLEM_TYPES[key.removesuffix("JobConfig")].from_api(members),
            training_data=channels["training"],
            validation_data=channels.get("validation"),
            output=output["S3OutputPath"],
            output_kms_key=output.get("KmsKeyId"),
            role_arn=request["RoleArn"],
            objective=request.get("AutoMLJobObjective", {}).get("MetricName"),
            validation_fraction=request.get("DataSplitConfig", {}).get("ValidationFraction"),
            security=unless_none(request.get("SecurityConfig"), NetworkSecurity.from_api),
            deployment=unless_none(request.get("ModelDeployConfig"), Deployment.from_api),
            emr_serverless_role_arn=compute.get("ExecutionRoleARN"),
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
        )

    def _channel(self, kind: str, data: Text | InputChannel) -> dict[str, Any]:
        channel = data if isinstance(data, InputChannel) else InputChannel(uri=data)
        return channel.to_api(kind, self.problem_type.content_types[0])


def _tags(tags: Any) -> Any:
    if not isinstance(tags, Mapping):
        return tags
    return [{"Key": key, "Value": text_of(value)} for key, value in tags.items()] or None
