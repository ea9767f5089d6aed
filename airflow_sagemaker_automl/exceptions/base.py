"""The root of all errors, and those of the service itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from airflow_sagemaker_automl.exceptions.escaping import escaped


def _on_one_line(write: Callable[[Any], str]) -> Callable[[Any], str]:
    @wraps(write)
    def written(error: Any) -> str:
        return escaped(write(error))

    return written


class AutoMLError(Exception):
    """Base of all errors of this package.

    The arguments of every error are those of its constructor, so that each survives pickling. Its text has one line,
    whatever names and texts of other people stand in it; a class whose text has several says so with ``has_lines``,
    and writes each line with ``escaped``.
    """

    retry_can_help: ClassVar[bool] = False

    def __init_subclass__(cls, *, has_lines: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__str__" in vars(cls) and not has_lines:
            cls.__str__ = _on_one_line(cls.__str__)  # type: ignore[method-assign]


class UnknownStatus(AutoMLError):
    """The service has a new status, and guessing its meaning could turn a failure into a success.

    :param kind: what the status belongs to, for example ``AutoML job``.
    :param value: the status as received.
    """

    def __init__(self, kind: str, value: str) -> None:
        super().__init__(kind, value)
        self.kind = kind
        self.value = value

    def __str__(self) -> str:
        return (
            f"{self.kind} status {self.value!r} is not known to this version of airflow-sagemaker-automl; upgrade it."
        )


class OtherRegion(AutoMLError):
    """An ARN is of another region than the connection, which sees nothing there; no call was made.

    :param arn: of a job, a version or a group.
    :param region: the region in it.
    :param own_region: the region that the connection, or ``region_name``, leads to.
    """

    def __init__(self, arn: str, region: str, own_region: str) -> None:
        super().__init__(arn, region, own_region)
        self.arn = arn
        self.region = region
        self.own_region = own_region

    def __str__(self) -> str:
        return (
            f"{self.arn} is in region {self.region}, and this connection leads to {self.own_region}. "
            f"Set region_name={self.region!r}, or name what is meant in {self.own_region}."
        )


class ServiceUnavailable(AutoMLError):
    """The service could not be asked, or has not done what it was asked for.

    :param reason: why, and what to do about it.
    """

    retry_can_help = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
