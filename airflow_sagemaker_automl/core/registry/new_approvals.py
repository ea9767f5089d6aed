"""Find newly approved versions of a group, by comparing the approved versions with those already reported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.registry.version_arn import VersionArn


@dataclass(frozen=True)
class Approvals:
    """All approved versions of a group at one time.

    :param versions: ARN → POSIX time of the registration, for the versions that are approved and completed.
    :param has_group: whether the group exists.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    has_group: bool = True


@dataclass(frozen=True)
class Watermark:
    """The approvals for which no event is needed any more.

    :param reported: number of a version → POSIX time of its registration, for the versions whose approval was already
        reported, or came before the watch started. The time distinguishes versions with the same number if the group
        was deleted and created again.
    """

    reported: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def at_start(cls, seen: Approvals) -> Watermark:
        """Start a watch: versions that are already approved are not reported, later approvals are."""
        return cls(_by_number(seen.versions))

    @classmethod
    def from_json(cls, stored: Any) -> Watermark | None:
        """Read a stored watermark.

        :return: None if the value is not a watermark.
        """
        reported = stored.get("reported") if isinstance(stored, Mapping) else None
        if not isinstance(reported, Mapping) or not all(isinstance(time, int) for time in reported.values()):
            return None
        return cls(dict(reported))

    def to_json(self) -> dict[str, Any]:
        """Return the watermark as JSON; a thousand approved versions take about 20 KB."""
        return {"reported": dict(self.reported)}

    def unreported(self, seen: Approvals) -> list[str]:
        """List the ARNs of the versions whose approval has not been reported, oldest first."""
        fresh = [arn for arn, time in seen.versions.items() if self.reported.get(_number(arn)) != time]
        return sorted(fresh, key=lambda arn: int(_number(arn)))

    def after(self, seen: Approvals, reported: Collection[str]) -> Watermark:
        """Return the watermark after events were emitted.

        A version that is no longer approved is dropped, so that a new approval is reported again. If the group does
        not exist, nothing is dropped: the connection more likely leads to the wrong account.

        :param reported: ARNs of the new approvals for which events were emitted.
        """
        if not seen.has_group:
            return self
        known = {arn: time for arn, time in seen.versions.items() if self.reported.get(_number(arn)) == time}
        return Watermark(_by_number(known | {arn: seen.versions[arn] for arn in reported}))


def _number(arn: str) -> str:
    return str(VersionArn.parse(arn).number)


def _by_number(versions: Mapping[str, int]) -> dict[str, int]:
    return {_number(arn): versions[arn] for arn in sorted(versions, key=lambda arn: VersionArn.parse(arn).number)}
