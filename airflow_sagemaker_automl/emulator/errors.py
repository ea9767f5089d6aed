"""Errors as SageMaker returns them; the class name is the error code.

ServiceError
├── ValidationException          the request is invalid, or a resource that it names does not exist
├── ResourceNotFound             no job, model card or experiment has this name
├── ResourceInUse                the name is in use
├── ConflictException            the request conflicts with the current state
├── ResourceLimitExceeded        the account's quota is used up
├── ThrottlingException          too many requests
├── ExpiredTokenException        the caller's session has expired
├── AccessDeniedException        the caller is not authorized
├── SerializationException       the body is not JSON, or a member has the wrong type
├── UnknownOperationException    the operation is not implemented
├── ServiceUnavailable           a transient failure
└── InternalFailure              a failure of the service, or a bug in the emulator
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar


class ServiceError(Exception):
    """An error response."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    @property
    def code(self) -> str:
        return type(self).__name__


class ValidationException(ServiceError):
    """The request is invalid, or a resource that it names does not exist."""


class ResourceNotFound(ServiceError):
    """No job, model card or experiment has this name."""


class ResourceInUse(ServiceError):
    """The name is in use."""


class ConflictException(ServiceError):
    """The request conflicts with the current state."""


class ResourceLimitExceeded(ServiceError):
    """The account's quota is used up."""


class ThrottlingException(ServiceError):
    """Too many requests."""


class ExpiredTokenException(ServiceError):
    """The caller's session has expired."""


class AccessDeniedException(ServiceError):
    """The caller is not authorized."""


class SerializationException(ServiceError):
    """The body is not JSON, or a member has the wrong type."""


class UnknownOperationException(ServiceError):
    """The operation is not implemented."""


class ServiceUnavailable(ServiceError):
    """A transient failure; a client may retry."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class InternalFailure(ServiceError):
    """A failure of the service, or a bug in the emulator; a client may retry."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
