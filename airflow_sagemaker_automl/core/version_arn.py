"""A version of a model package group: where its ARN says that it is, and its state."""

from __future__ import annotations

import re
from typing import NamedTuple

from airflow_sagemaker_automl.exceptions import OtherRegion

# The service's own pattern; it has numbers of up to nine digits.
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sagemaker:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12})"
    r":model-package/(?P<group>[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)/(?P<number>[1-9][0-9]{0,8})"
)
_REGION = re.compile(r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):")


def require_region(name_or_arn: str, region: str) -> None:
    """Require of an ARN that it is of a region; a name is of any.

    :param name_or_arn: of a job, a version or a group.
    :raises OtherRegion: it is of another one.
    """
    match = _REGION.match(name_or_arn)
    if match and match["region"] != region:
        raise OtherRegion(name_or_arn, match["region"], region)


class VersionArn(NamedTuple):
    """What the ARN of a version tells.

    :param partition: ``aws``, or that of another AWS.
    :param region: the region of the group.
    :param account: the account of the group, which may be another one than the caller's.
    :param group: name of the group.
    :param number: of the version in its group, from 1.
    """

    partition: str
    region: str
    account: str
    group: str
    number: int

    @classmethod
    def parse(cls, arn: str) -> VersionArn:
        """Read an ARN.

        :raises ValueError: it is no ARN of a version.
        """
        match = _ARN.fullmatch(arn)
        if match is None:
            raise ValueError(
                f"{arn!r} is no ARN of a version of a model package group, "
                "like arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/1"
            )
        return cls(match["partition"], match["region"], match["account"], match["group"], int(match["number"]))

    @property
    def group_arn(self) -> str:
        """ARN of the group, which names it for callers of any account."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:model-package-group/{self.group}"


class VersionState(NamedTuple):
    """How a version stands, as lists show it.

    :param status: ``ModelPackageStatus``.
    :param approval: ``ModelApprovalStatus``; None where it has none.
    """

    status: str
    approval: str | None
