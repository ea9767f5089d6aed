"""What errors of AWS, and of the way there, mean for whoever asked; botocore is imported when an error is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_sagemaker_automl.exceptions import AutoMLError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# Codes that the same request will meet again; all others may pass.
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
# Credentials that a connection, or whoever keeps it fresh, may have renewed since. InvalidSignatureException also
# comes of a wrong clock, so that it is not permanent.
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
# Those that botocore repeats, for seconds only, and those of AWS's common errors; a test finds what it learns later.
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


def may_pass(error: Exception) -> bool:
    """Judge whether an error is one of AWS's, or of the way there, that the same request need not meet again."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    if isinstance(error, ClientError):
        return code_of(error) not in PERMANENT_CODES
    return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)


def passes_by_itself(error: BaseException) -> bool:
    """Judge whether one need only wait: throttling, a fault of the service, expired credentials, no answer."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS or code in _TRANSIENT_CODES | _EXPIRED_CODES
    return is_no_answer(error)


def is_no_answer(error: BaseException) -> bool:
    """Tell whether nobody answered: no connection, or one that broke or fell silent."""
    from botocore.exceptions import ConnectionError as NotConnected
    from botocore.exceptions import CredentialRetrievalError, HTTPClientError

    return isinstance(error, NotConnected | HTTPClientError | CredentialRetrievalError)


def is_denied(error: BaseException) -> bool:
    """Tell whether the identity may not do what was asked."""
    return code_of(error) in _DENIED_CODES


def is_invalid(error: BaseException) -> bool:
    """Tell whether the service takes the request for wrong, as it also does where what is named is not there."""
    return code_of(error) in _INVALID_CODES


def is_stale(error: BaseException) -> bool:
    """Tell whether a client made anew, from the connection as it is now, may fare better."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return code_of(error) in _STALE_CREDENTIALS_CODES
    return not isinstance(error, AutoMLError)  # What AWS has answered, its connection is not to blame for.


def kind_of(error: BaseException) -> str:
    """Name an error by the service's code, or its own class where the service has not answered."""
    return code_of(error) or type(error).__name__


def code_of(error: BaseException) -> str:
    """Read the service's error code; empty for errors that are not the service's."""
    from botocore.exceptions import ClientError

    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def message_of(error: ClientError) -> str:
    """Take the service's own words, which a server that is not AWS may leave out."""
    return error.response["Error"].get("Message", "")
