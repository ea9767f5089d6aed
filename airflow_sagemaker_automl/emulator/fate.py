"""The effect of the current faults on one request to SageMaker."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from airflow_sagemaker_automl.emulator.errors import (
    AccessDeniedException,
    ExpiredTokenException,
    InternalFailure,
    ServiceError,
    ServiceUnavailable,
    ThrottlingException,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.wrappers import Request

    from airflow_sagemaker_automl.emulator.faults import Faults

_ERRORS: dict[str, Callable[[], ServiceError]] = {
    "ServiceUnavailableRate": lambda: ServiceUnavailable(
        "The request has failed due to a temporary failure of the server."
    ),
    "InternalFailureRate": lambda: InternalFailure(
        "The request processing has failed because of an unknown error, exception or failure."
    ),
    "ThrottlingRate": lambda: ThrottlingException("Rate exceeded"),
}


# Part of an operation's name → resource type and member with the name.
_NAMED_IN_DENIALS = (
    ("AutoMLJob", "automl-job", "AutoMLJobName"),
    ("TransformJob", "transform-job", "TransformJobName"),
)


class Account(Protocol):
    """An account in a region, as far as a refusal names it."""

    def arn(self, kind: str, name: str) -> str:
        """Write the ARN of a resource."""

    def caller(self) -> dict[str, Any]:
        """Describe who makes the request, as the service's answers do."""


@dataclass(frozen=True)
class Fate:
    """The effect of the faults on one request.

    :param is_lost: it is not handled, and its connection is closed.
    :param has_expired: it is refused because its token has expired.
    :param is_denied: it is refused because its operation is denied.
    :param denied_resources: names and ARNs that are denied; empty for all.
    :param error: it is refused with this error.
    :param answer_is_lost: it is handled, and its connection is closed without an answer.
    :param latency: seconds between the request's handling and its answer.
    :param over: set when the faults end; the latency then ends too.
    """

    is_lost: bool = False
    has_expired: bool = False
    is_denied: bool = False
    denied_resources: frozenset[str] = frozenset()
    error: ServiceError | None = None
    answer_is_lost: bool = False
    latency: float = 0
    over: threading.Event | None = None

    def raise_error(self, account: Callable[[], Account], operation: str, request: Request) -> None:
        """Refuse the request if the faults say so.

        :param account: finds the account that the request is for.
        :raises ServiceError: the refusal.
        """
        if self.has_expired:
            raise ExpiredTokenException("The security token included in the request is expired")
        if self.is_denied and (not self.denied_resources or self.denied_resources & _named(request)):
            raise _denial(account(), operation, request)
        if self.error:
            raise self.error

    def wait(self) -> None:
        """Wait for the latency."""
        if self.over and self.latency:
            self.over.wait(self.latency)


def drawn(faults: Faults, operation: str, *, has_expired: bool, chance: Callable[[], float]) -> Fate:
    """Draw the fate of a request; each rate takes exactly one draw, so that rates do not affect each other.

    :param chance: draws a random number in [0, 1).
    """
    is_denied, denied_resources = operation in faults.denied, faults.denied_resources
    if faults.operations is not None and operation not in faults.operations:
        return Fate(has_expired=has_expired, is_denied=is_denied, denied_resources=denied_resources)
    hits = [name for name, rate in faults.rates.items() if chance() < rate]
    error = next((_ERRORS[name]() for name in hits if name in _ERRORS), None)
    return Fate(
        is_lost="DroppedRequestRate" in hits,
        has_expired=has_expired,
        is_denied=is_denied,
        denied_resources=denied_resources,
        error=error,
        answer_is_lost="DroppedAnswerRate" in hits,
        latency=faults.latency,
    )


def hang_up(environ: WSGIEnvironment) -> NoReturn:
    """Close a request's connection without an answer."""
    with contextlib.suppress(OSError):  # The client may have disconnected.
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    # werkzeug treats this as a disconnected client and does nothing more.
    raise ConnectionAbortedError("The connection was dropped on purpose.")


def _members(request: Request) -> dict[str, Any]:
    members = request.get_json(force=True, silent=True)
    return members if isinstance(members, dict) else {}


def _named(request: Request) -> set[str]:
    return {value for value in _members(request).values() if isinstance(value, str)}


def _denial(account: Account, operation: str, request: Request) -> AccessDeniedException:
    given = _members(request)
    resource = given.get("ResourceArn", "*")
    for part, kind, member in _NAMED_IN_DENIALS:
        if part in operation:
            resource = account.arn(kind, given.get(member, "*"))
    user = account.caller()["IamIdentity"]["Arn"]
    return AccessDeniedException(
        f"User: {user} is not authorized to perform: sagemaker:{operation} on resource: {resource} "
        f"because no identity-based policy allows the sagemaker:{operation} action"
    )
