"""Classify errors of AWS and of the connection to it; botocore is imported only when an error is classified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_sagemaker_automl.exceptions import AutoMLError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# Permanent errors: the same request fails again. All other codes may not recur.
PERMANENT_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAction",
        "InvalidClientTokenId",
        "MalformedHttpRequestException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestEntityTooLargeException",
        "SignatureDoesNotMatch",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationError",
        "ValidationException",
    }
)
_DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized"})
_INVALID_CODES = frozenset({"ResourceNotFound", "ValidationError", "ValidationException"})
# The credentials of the connection may have been renewed since. InvalidSignatureException is also caused by a wrong
# clock, so it is not permanent.
_STALE_CREDENTIALS_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
# Codes that botocore itself retries (only for seconds), and those of AWS's common errors; a test tracks botocore.
_TRANSIENT_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalFailure",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestAbortedException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429


def is_invalid_call(error: Exception) -> bool:
    """Tell whether botocore refuses the arguments of a call, before it sends anything."""
    from botocore.exceptions import ParamValidationError

    return isinstance(error, ParamValidationError)


def is_service_error(error: Exception) -> bool:
    """Tell whether the service has answered with this error."""
    from botocore.exceptions import ClientError

    return isinstance(error, ClientError)


def is_client_error(error: Exception) -> bool:
    """Tell whether botocore raised this error instead of an answer of the service."""
    from botocore.exceptions import BotoCoreError

    return isinstance(error, BotoCoreError)


def is_retryable(error: Exception) -> bool:
    """Tell whether an AWS or connection error may not recur when the same request is retried."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    if isinstance(error, ClientError):
        return code_of(error) not in PERMANENT_CODES
    return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)


def is_transient(error: BaseException) -> bool:
    """Tell whether an error is transient: throttling, a server error, expired credentials, or a connection error."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS or code in _TRANSIENT_CODES | _EXPIRED_CODES
    return is_no_answer(error)


def is_no_answer(error: BaseException) -> bool:
    """Tell whether there was no response: the connection failed, broke or timed out."""
    from botocore.exceptions import ConnectionError as NotConnected, CredentialRetrievalError, HTTPClientError

    return isinstance(error, NotConnected | HTTPClientError | CredentialRetrievalError)


def is_denied(error: BaseException) -> bool:
    """Tell whether access was denied."""
    return code_of(error) in _DENIED_CODES


def is_invalid(error: BaseException) -> bool:
    """Tell whether the service rejected the request as invalid, as it also does if a resource does not exist."""
    return code_of(error) in _INVALID_CODES


def is_stale(error: BaseException) -> bool:
    """Tell whether a new client, built from the current connection, may avoid the error."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return code_of(error) in _STALE_CREDENTIALS_CODES
    return not isinstance(error, AutoMLError)  # Those come from responses of AWS, so the connection works.


def error_name(error: BaseException) -> str:
    """Return the service's error code, or the error's class name if the service did not respond."""
    return code_of(error) or type(error).__name__


def code_of(error: BaseException) -> str:
    """Return the service's error code; empty for other errors."""
    from botocore.exceptions import ClientError

    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def message_of(error: ClientError) -> str:
    """Return the service's error message, which a server other than AWS may leave out."""
    return error.response["Error"].get("Message", "")
