"""A registered model version, as asset events carry it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_sagemaker_automl.core.registry.model_package import Metadata, recorded_objective
from airflow_sagemaker_automl.core.registry.version_arn import VersionArn
from airflow_sagemaker_automl.core.values.comparison import shown

_OPTIONAL_TEXTS = ("approval_description", "objective_metric", "objective_type", "automl_job_name", "candidate_name")


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A version of a model package group, as an asset event carries it.

    An event's ``extra`` has every field under its own name, and also ``account``, ``region`` and
    ``deduplication_key``; unknown values are None.

    :param model_package_arn: ARN of the version.
    :param model_package_group_name: name of its group.
    :param model_package_version: its number in the group, from 1.
    :param approval_status: ``Approved``, ``Rejected`` or ``PendingManualApproval``.
    :param modified: when the version was last changed, or else registered; in ``extra`` a text in ISO 8601, UTC.
    :param approval_description: the reason for the last decision.
    :param objective_metric: standard name of the metric that the candidates were ranked by.
    :param objective_type: ``Maximize`` or ``Minimize``; None if unknown.
    :param objective_value: the candidate's value of this metric.
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
        """ID of the AWS account that owns the version."""
        return VersionArn.parse(self.model_package_arn).account

    @property
    def region(self) -> str:
        """AWS region of the version."""
        return VersionArn.parse(self.model_package_arn).region

    @property
    def deduplication_key(self) -> str:
        """Key that is equal only for events about the same state of the same version."""
        return f"{self.model_package_arn}@{_written(self.modified)}"

    @classmethod
    def from_description(cls, answer: Mapping[str, Any]) -> ModelVersion:
        """Read a response of ``DescribeModelPackage``.

        Metadata that is missing, or is not a number where one is expected, becomes None.

        :raises ValueError: the model package does not belong to a group, so it is not a version.
        """
        if not answer.get("ModelPackageGroupName"):
            raise ValueError(f"Model package {answer['ModelPackageArn']} is not a version: it belongs to no group.")
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
        """Write it as the ``extra`` of an asset event, which contains only texts, numbers and None."""
        return {
            **vars(self),
            "modified": _written(self.modified),
            "account": self.account,
            "region": self.region,
            "deduplication_key": self.deduplication_key,
        }

    @classmethod
    def from_extra(cls, extra: Any, *, group: str | None = None) -> ModelVersion:
        """Read the ``extra`` of an asset event that a task or a watcher's trigger emitted.

        Any user who may create events can write any content. Therefore the event must be consistent: its group, number,
        account and region must be those of its ARN.

        :param extra: as :meth:`to_extra` writes it, or as Airflow stores the payload of a trigger:
            ``{"from_trigger": True, "payload": …}``. ``account`` and ``region`` are optional. Other keys are ignored.
        :param group: name of the group of the event's asset. Default: not checked.
        :raises ValueError: the content is malformed, or contradicts itself or its asset; the message lists all
            violations.
        """
        facts = extra.get("payload") if isinstance(extra, Mapping) and extra.get("from_trigger") else extra
        if not isinstance(facts, Mapping):
            what = "payload" if isinstance(extra, Mapping) else "extra"
            raise ValueError(f"{_NO_VERSION}: its {what} is {shown(facts)}.")
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
        reading.compare_with_arn("model_package_arn")
        if group is not None:
            reading.compare_with_asset("model_package_group_name", group)
        if reading.faults:
            raise ValueError(f"{_NO_VERSION}: {'; '.join(reading.faults)}.")
        return version


def is_same_group(name: str, other: str) -> bool:
    """Compare the names of groups, ignoring case, because some ARNs have them in lower case."""
    # Some non-ASCII letters become ASCII letters in lower case.
    return name.isascii() and name.lower() == other.lower()


_NO_VERSION = "The asset event carries no model version; it may have been created by hand, or by another task"


class _Reading:
    """Reads required members of a mapping and collects errors.

    :ivar faults: the errors so far.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.faults: list[str] = []
        self._facts = facts
        # Invalid members are not compared again.
        self._wrong: set[str] = set()

    def text(self, name: str) -> str:
        """Read a text."""
        value = self._facts.get(name)
        return value if isinstance(value, str) and value else str(self._fault(name, ""))

    def arn(self, name: str) -> str:
        """Read the ARN of a version."""
        value = self.text(name)
        try:
            VersionArn.parse(value)
        except ValueError:
            self._fault(name, "")
        return value

    def whole(self, name: str) -> int:
        """Read an integer."""
        value = self._facts.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            return int(self._fault(name, 0))
        return value

    def time(self, name: str) -> datetime:
        """Read a time with a UTC offset."""
        value = _utc(self._facts.get(name))
        if value is None:
            self._fault(name, "")
        return value or datetime.min

    def compare_with_arn(self, name: str) -> None:
        """Note which members contradict the ARN of the version."""
        if name in self._wrong:
            return
        arn = VersionArn.parse(self._facts[name])
        expected: Mapping[str, tuple[str | int, bool]] = {
            "model_package_group_name": (arn.group, False),
            "model_package_version": (arn.number, False),
            "account": (arn.account, True),
            "region": (arn.region, True),
        }
        for member, (right, is_optional) in expected.items():
            value = self._facts.get(member)
            if member in self._wrong or (is_optional and value is None) or _is_same(value, right):
                continue
            self._note(member, f"{member} is {shown(value)}, but {right!r} in the ARN {self._facts[name]}")

    def compare_with_asset(self, name: str, group: str) -> None:
        """Note whether the group differs from that of the event's asset."""
        if name not in self._wrong and not _is_same(self._facts[name], group):
            self._note(name, f"{name} is {shown(self._facts[name])}, but the event is on an asset of {group!r}")

    def _fault(self, name: str, instead: Any) -> Any:
        value = self._facts.get(name)
        if name not in self._wrong:
            self._note(name, f"{name} is missing" if value is None else f"{name} is {shown(value)}")
        return instead

    def _note(self, name: str, fault: str) -> None:
        self._wrong.add(name)
        self.faults.append(fault)


def _is_same(value: Any, right: str | int) -> bool:
    if isinstance(value, str) and isinstance(right, str):
        return is_same_group(value, right)
    return bool(value == right)


def _written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()


def _utc(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        # Near the first and the last day of the calendar, the conversion to UTC may overflow.
        return time.astimezone(UTC) if time.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    # JSON has neither infinities nor NaN, and some databases refuse them.
    return number if math.isfinite(number) else None
