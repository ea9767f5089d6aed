"""The ARN of a model version, and its state."""

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
    """Require that an ARN is in a region; a name is always accepted.

    :param name_or_arn: name or ARN of a job, a version or a group.
    :raises OtherRegion: the ARN is in another region.
    """
    match = _REGION.match(name_or_arn)
    if match and match["region"] != region:
        raise OtherRegion(name_or_arn, match["region"], region)


class VersionArn(NamedTuple):
    """The parts of a version's ARN.

    :param partition: ``aws``, ``aws-cn`` or another partition.
    :param region: the region of the group.
    :param account: ID of the group's account, which may differ from the caller's.
    :param group: name of the group.
    :param number: number of the version in its group, from 1.
    """

    partition: str
    region: str
    account: str
    group: str
    number: int

    @classmethod
    def parse(cls, arn: str) -> VersionArn:
        """Parse an ARN.

        :raises ValueError: it is not the ARN of a version.
        """
        match = _ARN.fullmatch(arn)
        if match is None:
            raise ValueError(
                f"{arn!r} is not the ARN of a model version, "
                "such as arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/1"
            )
        return cls(match["partition"], match["region"], match["account"], match["group"], int(match["number"]))

    @property
    def group_arn(self) -> str:
        """ARN of the group, by which other accounts name it."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:model-package-group/{self.group}"


class VersionState(NamedTuple):
    """The state of a version, as ``ListModelPackages`` returns it.

    :param status: ``ModelPackageStatus``.
    :param approval: ``ModelApprovalStatus``; None if it is unset.
    """

    status: str
    approval: str | None
