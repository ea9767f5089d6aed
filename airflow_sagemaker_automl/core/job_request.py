"""What we ask the service for: a typed request that becomes the arguments of ``CreateAutoMLJobV2``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.problem_types import Tabular, present


@dataclass(frozen=True, kw_only=True)
class AutoMLJobRequest:
    """An AutoML job to run; every text may be a Jinja template.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html

    :param problem_type: what to train.
    :param training_data: S3 prefix of the training data, in CSV files with a header line.
    :param output: S3 prefix for models and reports, at most 512 characters.
    :param role_arn: the role that SageMaker reads the data and trains with; not the role of Airflow.
    :param validation_data: S3 prefix of data to validate on. Default: the service splits some off the training data.
    :param validation_fraction: how much to split off, above 0 and below 1. Default: the service's, 0.2.
    :param objective: metric to rank candidates by, for example ``F1``, ``AUC``, ``MSE``; given together with the
        problem type's own ``problem_type``. Default: the service's for the kind of problem.
    :param output_kms_key: KMS key to encrypt the output with. Default: none of one's own.
    :param tags: tags of the job, for example for cost allocation. The operator adds its own, ``airflow:…``.
    """

    problem_type: Tabular
    training_data: str
    output: str
    role_arn: str
    validation_data: str | None = None
    validation_fraction: float | None = None
    objective: str | None = None
    output_kms_key: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def to_api(self) -> dict[str, Any]:
        """Write it as the arguments of ``CreateAutoMLJobV2``, without the job's name; a new value at each call."""
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
            Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()] or None,
        )

    def _channel(self, kind: str, uri: str) -> dict[str, Any]:
        return {
            "ChannelType": kind,
            "ContentType": self.problem_type.content_type,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
        }
