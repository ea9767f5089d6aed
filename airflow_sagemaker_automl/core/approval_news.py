"""What is new among the approved versions of a group: a comparison of what is seen with what has been told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.version_arn import VersionArn


@dataclass(frozen=True)
class Approvals:
    """The approved versions of a group, all of them, as they were seen at one time.

    :param versions: ARN → POSIX time of the registration, of those that are approved and completed.
    :param has_group: whether there is such a group.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    has_group: bool = True


@dataclass(frozen=True)
class Watermark:
    """Up to where approvals have been told.

    :param told: number of a version → POSIX time of its registration, of those whose approval need not be told: it has
        been, or it came before anybody watched. The time tells a version from its namesake in a group that was
        deleted and made anew.
    """

    told: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def at_first_sight(cls, seen: Approvals) -> Watermark:
        """Begin: what is approved already is not told, and all that comes is."""
        return cls(_by_number(seen.versions))

    @classmethod
    def from_json(cls, stored: Any) -> Watermark | None:
        """Read what was stored.

        :return: None for what is no watermark.
        """
        told = stored.get("told") if isinstance(stored, Mapping) else None
        if not isinstance(told, Mapping) or not all(isinstance(time, int) for time in told.values()):
            return None
        return cls(dict(told))

    def to_json(self) -> dict[str, Any]:
        """Write it for a store of JSON; a thousand approved versions are about 20 KB."""
        return {"told": dict(self.told)}

    def news(self, seen: Approvals) -> list[str]:
        """List the ARNs of versions whose approval has not been told, the oldest first."""
        fresh = [arn for arn, time in seen.versions.items() if self.told.get(_number(arn)) != time]
        return sorted(fresh, key=lambda arn: int(_number(arn)))

    def after(self, seen: Approvals, told: Collection[str]) -> Watermark:
        """Move on.

        A version that is not approved any more is forgotten, so that it is told when it is approved again. Where
        there is no group nothing is: rather than that all were withdrawn, somebody looks into the wrong account.

        :param told: ARNs of those of the news that have been told.
        """
        if not seen.has_group:
            return self
        known = {arn: time for arn, time in seen.versions.items() if self.told.get(_number(arn)) == time}
        return Watermark(_by_number(known | {arn: seen.versions[arn] for arn in told}))


def _number(arn: str) -> str:
    return str(VersionArn.parse(arn).number)


def _by_number(versions: Mapping[str, int]) -> dict[str, int]:
    return {_number(arn): versions[arn] for arn in sorted(versions, key=lambda arn: VersionArn.parse(arn).number)}
