"""A registered version as the rest of the company is told of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_sagemaker_automl.core.model_package import Metadata, recorded_objective
from airflow_sagemaker_automl.core.version_arn import VersionArn

_OPTIONAL_TEXTS = ("approval_description", "objective_metric", "objective_type", "automl_job_name", "candidate_name")


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A version of a model package group, as an asset event carries it.

    An event's ``extra`` has every field under its own name, and beside them ``account``, ``region`` and
    ``deduplication_key``; what is not known is None.

    :param model_package_arn: ARN of the version.
    :param model_package_group_name: name of its group.
    :param model_package_version: its number in the group, from 1.
    :param approval_status: ``Approved``, ``Rejected`` or ``PendingManualApproval``.
    :param modified: when the version was last changed, or else registered; in ``extra`` a text in ISO 8601, UTC.
    :param approval_description: what was said at the last decision.
    :param objective_metric: standard name of the metric that the candidates were ranked by.
    :param objective_type: ``Maximize`` or ``Minimize``; None where it is not known.
    :param objective_value: the candidate's value of it.
    :param automl_job_name: the job that trained the model.
    :param candidate_name: the job's candidate that was registered.
    """

    model_package_arn: str
    model_package_group_name: str
    model_package_version: int
    approval_status: str
    modified: datetime
    approval_description: str | None = None
    objective_metric: str | None = None
    objective_type: str | None = None
    objective_value: float | None = None
    automl_job_name: str | None = None
    candidate_name: str | None = None

    @property
    def account(self) -> str:
        """Number of the AWS account that owns the version."""
        return VersionArn.parse(self.model_package_arn).account

    @property
    def region(self) -> str:
        """AWS region that it is in."""
        return VersionArn.parse(self.model_package_arn).region

    @property
    def deduplication_key(self) -> str:
        """What two events about the same state of the same version have in common, and no others."""
        return f"{self.model_package_arn}@{_written(self.modified)}"

    @classmethod
    def from_description(cls, answer: Mapping[str, Any]) -> ModelVersion:
        """Read an answer of ``DescribeModelPackage``.

        What registration has not written, or somebody has changed since into no number, is None.

        :raises ValueError: the model package belongs to no group, so it is no version.
        """
        if not answer.get("ModelPackageGroupName"):
            raise ValueError(f"Model package {answer['ModelPackageArn']} is no version: it belongs to no group.")
        metadata = answer.get("CustomerMetadataProperties", {})
        objective = recorded_objective(metadata)
        return cls(
            model_package_arn=answer["ModelPackageArn"],
            model_package_group_name=answer["ModelPackageGroupName"],
            model_package_version=answer["ModelPackageVersion"],
            approval_status=answer.get("ModelApprovalStatus", "PendingManualApproval"),
            modified=answer.get("LastModifiedTime") or answer["CreationTime"],
            approval_description=answer.get("ApprovalDescription"),
            objective_metric=objective.metric if objective else None,
            objective_type=objective.direction if objective else None,
            objective_value=_number(metadata.get(Metadata.OBJECTIVE_VALUE.value)),
            automl_job_name=metadata.get(Metadata.AUTOML_JOB_NAME.value),
            candidate_name=metadata.get(Metadata.CANDIDATE_NAME.value),
        )

    def to_extra(self) -> dict[str, Any]:
        """Write it as the ``extra`` of an asset event: texts, numbers and None only."""
        return {
            **vars(self),
            "modified": _written(self.modified),
            "account": self.account,
            "region": self.region,
            "deduplication_key": self.deduplication_key,
        }

    @classmethod
    def from_extra(cls, extra: Mapping[str, Any]) -> ModelVersion:
        """Read the ``extra`` of an asset event, whether a task or a watcher's trigger has written it.

        :param extra: as :meth:`to_extra` writes it, or ``{"from_trigger": True, "payload": …}`` around that, as Airflow
            stores what a trigger has to tell. Other keys are not looked at.
        :raises ValueError: it is not of this shape; the message has all that is wrong.
        """
        facts = extra.get("payload") if extra.get("from_trigger") else extra
        if not isinstance(facts, Mapping):
            raise ValueError(f"{_NO_VERSION}: its payload is {facts!r}.")
        reading = _Reading(facts)
        version = cls(
            model_package_arn=reading.arn("model_package_arn"),
            model_package_group_name=reading.text("model_package_group_name"),
            model_package_version=reading.whole("model_package_version"),
            approval_status=reading.text("approval_status"),
            modified=reading.time("modified"),
            objective_value=_number(facts.get("objective_value")),
            **{name: facts[name] for name in _OPTIONAL_TEXTS if isinstance(facts.get(name), str)},
        )
        if reading.faults:
            raise ValueError(f"{_NO_VERSION}: {'; '.join(reading.faults)}.")
        return version


_NO_VERSION = "The asset event carries no model version, as one made by hand, or by a task that knows none"


class _Reading:
    """Members of a mapping that must be there and be right.

    :ivar faults: what is wrong so far.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.faults: list[str] = []
        self._facts = facts

    def text(self, name: str) -> str:
        """Read a text."""
        value = self._facts.get(name)
        return value if isinstance(value, str) and value else str(self._fault(name, ""))

    def arn(self, name: str) -> str:
        """Read the ARN of a version."""
        try:
            VersionArn.parse(str(self._facts.get(name)))
        except ValueError:
            return str(self._fault(name, ""))
        return self.text(name)

    def whole(self, name: str) -> int:
        """Read a whole number."""
        value = self._facts.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            return int(self._fault(name, 0))
        return value

    def time(self, name: str) -> datetime:
        """Read a time that says how far it is from UTC."""
        try:
            value = datetime.fromisoformat(self._facts.get(name, ""))
        except (TypeError, ValueError):
            value = datetime.min
        return value if value.tzinfo else self._fault(name, datetime.min)

    def _fault(self, name: str, instead: Any) -> Any:
        value = self._facts.get(name)
        self.faults.append(f"{name} is missing" if value is None else f"{name} is {value!r}")
        return instead


def _written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    # JSON has neither infinities nor NaN, and some databases refuse them.
    return number if math.isfinite(number) else None
