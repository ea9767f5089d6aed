"""Errors as SageMaker answers them; the class's name is the code that a client sees.

ServiceError
├── ValidationException          the request is wrong, or what it names is not there
├── ResourceNotFound             no AutoML job of this name
├── ResourceInUse                the name is taken
├── ConflictException            what is there forbids it
├── ResourceLimitExceeded        the account's quota is used up
├── ThrottlingException          too many requests
├── ExpiredTokenException        the caller's session has expired
├── AccessDeniedException        the caller may not do that
├── SerializationException       the body is no JSON, or a member is of another type
├── UnknownOperationException    nobody has written this operation
├── ServiceUnavailable           a failure that passes
└── InternalFailure              a failure of the service's, or a mistake of the emulator's own
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar


class ServiceError(Exception):
    """An answer that is an error."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    @property
    def code(self) -> str:
        return type(self).__name__


class ValidationException(ServiceError):
    """The request is wrong, or what it names is not there."""


class ResourceNotFound(ServiceError):
    """No AutoML job of this name."""


class ResourceInUse(ServiceError):
    """The name is taken."""


class ConflictException(ServiceError):
    """What is there forbids it."""


class ResourceLimitExceeded(ServiceError):
    """The account's quota is used up."""


class ThrottlingException(ServiceError):
    """Too many requests."""


class ExpiredTokenException(ServiceError):
    """The caller's session has expired."""


class AccessDeniedException(ServiceError):
    """The caller may not do that."""


class SerializationException(ServiceError):
    """The body is no JSON, or a member of it has another type."""


class UnknownOperationException(ServiceError):
    """Nobody has written this operation."""


class ServiceUnavailable(ServiceError):
    """A failure that passes; a client may try again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class InternalFailure(ServiceError):
    """A failure of the service's, or a mistake of the emulator's own; a client may try again."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
