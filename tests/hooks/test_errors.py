"""What AWS's errors mean: every class and code of the installed botocore has been thought of."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from botocore.session import get_session

from airflow_sagemaker_automl import AutoMLJobNotFound
from airflow_sagemaker_automl.hooks.errors import (
    PERMANENT_CODES,
    code_of,
    is_denied,
    is_no_answer,
    is_retryable,
    is_stale,
    is_transient,
)

# What they know is no public part of botocore, and only they know it.
_THROTTLED: Any = ThrottledRetryableChecker
_TRANSIENT: Any = TransientRetryableChecker
_PASSING_CODES = {
    *_THROTTLED._THROTTLED_ERROR_CODES,
    *_TRANSIENT._TRANSIENT_ERROR_CODES,
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
    *("InternalFailure", "ServiceUnavailable", "RequestAbortedException"),
}
# Asking again at once would be no use, asking in another try may be.
_NEITHER_CODES = {"ResourceInUse", "ResourceNotFound", "ResourceLimitExceeded", "ConflictException", "NeverHeardOf"}


def refusal(code: str, status: int = 400) -> ClientError:
    """Make the error of an answer."""
    answer: Any = {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeAutoMLJobV2")


def botocore_errors() -> Iterator[type[BotoCoreError]]:
    """List the errors that botocore raises by itself."""
    for kind in vars(botocore.exceptions).values():
        if inspect.isclass(kind) and issubclass(kind, BotoCoreError):
            yield kind


def raised(kind: type[BotoCoreError]) -> BotoCoreError:
    """Make an error of botocore without knowing what its message wants."""
    error = kind.__new__(kind)
    Exception.__init__(error, kind.__name__)
    return error


@pytest.mark.parametrize("code", sorted(_PASSING_CODES))
def test_what_botocore_would_repeat_passes_by_itself(code: str) -> None:
    """Throttling and transient codes of botocore, faults of the service, and credentials that have expired."""
    assert is_transient(refusal(code))
    assert is_retryable(refusal(code))
    assert code not in PERMANENT_CODES


@pytest.mark.parametrize("status", [*_TRANSIENT._TRANSIENT_STATUS_CODES, 429])
def test_what_a_status_says_needs_no_code(status: int) -> None:
    """A proxy's or load balancer's answer has no code of AWS's."""
    assert is_transient(refusal(str(status), status))
    assert not is_denied(refusal(str(status), status))


@pytest.mark.parametrize("code", sorted(PERMANENT_CODES))
def test_a_permanent_error_neither_passes_nor_is_worth_a_retry(code: str) -> None:
    """The same request would meet it again."""
    assert not is_transient(refusal(code))
    assert not is_retryable(refusal(code))


@pytest.mark.parametrize("code", sorted(_NEITHER_CODES))
def test_other_answers_are_worth_a_retry_and_no_wait(code: str) -> None:
    """Also a code that nobody knows."""
    assert not is_transient(refusal(code))
    assert is_retryable(refusal(code))
    assert not is_stale(refusal(code))


def test_the_errors_of_our_operations_are_all_judged() -> None:
    """Each error that the service model names for what the hook calls has its place in these tests."""
    model = get_session().get_service_model("sagemaker")
    operations = [name for name in model.operation_names if "AutoMLJob" in name or "ModelPackage" in name]
    modelled = {
        shape.metadata.get("error", {}).get("code", shape.name)
        for name in operations
        for shape in model.operation_model(name).error_shapes
    }
    assert "ResourceNotFound" in modelled
    assert modelled <= _PASSING_CODES | _NEITHER_CODES | PERMANENT_CODES


def test_only_what_never_reached_the_service_is_no_answer() -> None:
    """Of botocore's own errors those of connections, and of the way to credentials; configuration errors stay."""
    no_answer = {kind.__name__ for kind in botocore_errors() if is_no_answer(raised(kind))}
    assert no_answer == {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "CredentialRetrievalError",
        "EndpointConnectionError",
        "HTTPClientError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseStreamingError",
        "SSLError",
    }
    transient = _TRANSIENT._TRANSIENT_EXCEPTION_CLS
    assert no_answer >= {kind.__name__ for kind in botocore_errors() if issubclass(kind, transient)}
    for kind in botocore_errors():
        assert is_transient(raised(kind)) == (kind.__name__ in no_answer)


def test_every_error_of_botocore_but_a_wrong_request_may_pass() -> None:
    """Whoever has a job running waits on through missing credentials and a wrong proxy, and not through a typo."""
    for_good = {kind.__name__ for kind in botocore_errors() if not is_retryable(raised(kind))}
    assert for_good == {"ParamValidationError"}
    assert not is_retryable(ValueError("a mistake of ours"))


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "NotAuthorized"])
def test_a_denial_is_known_by_its_code(code: str) -> None:
    """S3, the JSON services and the common errors have a word each."""
    assert is_denied(refusal(code))
    assert not is_stale(refusal(code))


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId"])
def test_old_credentials_ask_for_another_client(code: str) -> None:
    """Permanent or not: the connection may have been given others since."""
    assert is_stale(refusal(code))
    assert not is_denied(refusal(code))


def test_a_client_is_kept_where_the_service_has_answered() -> None:
    """A missing job says nothing against the connection; a broken one does, and so do credentials that are gone."""
    assert not is_stale(AutoMLJobNotFound("job"))
    assert not is_stale(refusal("ThrottlingException"))
    assert is_stale(raised(botocore.exceptions.EndpointConnectionError))
    assert is_stale(raised(botocore.exceptions.NoCredentialsError))


def test_what_is_not_the_services_has_no_code() -> None:
    """Errors of other libraries may have a response of another kind, or none."""
    foreign = OSError("away")
    foreign.response = None  # type: ignore[attr-defined]
    assert code_of(foreign) == ""
    assert code_of(refusal("ThrottlingException")) == "ThrottlingException"
    assert not is_transient(foreign)
    assert not is_denied(foreign)
