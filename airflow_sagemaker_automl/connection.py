"""How operators reach AWS: the connection arguments, the hook on first use, and where errors become task failures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.exceptions import AutoMLError, ServiceUnavailable

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks import Connection, SageMakerAutoMLHook

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="ConnectsToSageMaker")

# Error codes that the same request will meet again; all others may pass.
PERMANENT_ERROR_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)


class ConnectsToSageMaker:
    """What operators and sensors have in common; their constructors set the four arguments.

    ``AwsBaseOperator`` would do the same, but importing it costs every DAG parse 0.6 s of botocore.
    """

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None

    @property
    def connection(self) -> Connection:
        """The four arguments as one value."""
        return {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
        }

    @cached_property
    def hook(self) -> SageMakerAutoMLHook:
        """The hook for them, built when it is first asked for."""
        from airflow_sagemaker_automl.hooks import SageMakerAutoMLHook

        return SageMakerAutoMLHook.from_connection(self.connection)


def errors_for_people(
    method: Callable[Concatenate[S, P], R],
) -> Callable[Concatenate[S, P], R]:
    """Decorate a method that talks to AWS: its errors are clear, and permanent ones do not use up retries.

    :raises AirflowFailException: from an error that a retry cannot help.
    """

    @wraps(method)
    def guarded(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        try:
            return method(self, *args, **kwargs)
        except AutoMLError as error:
            if error.retry_can_help:
                raise
            raise AirflowFailException(str(error)) from error
        except ParamValidationError as error:
            raise AirflowFailException(str(error)) from error
        except ClientError as error:
            if may_pass(error):
                raise
            raise AirflowFailException(str(error)) from error
        except BotoCoreError as error:
            raise ServiceUnavailable(_explain(error, self.aws_conn_id)) from error

    return cast("Callable[Concatenate[S, P], R]", guarded)


def may_pass(error: Exception) -> bool:
    """Judge an error: whether it is one of AWS's or of the way there that the same request need not meet again."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    if isinstance(error, ClientError):
        return error.response["Error"].get("Code") not in PERMANENT_ERROR_CODES
    return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)


def _explain(error: Exception, aws_conn_id: str | None) -> str:
    advice = {
        "EndpointConnectionError": "Is the service (or emulator) running, and is the connection's endpoint_url right?",
        "NoCredentialsError": "Give the connection a key or a role, or the worker an AWS identity of its own.",
        "NoRegionError": "Set region_name on the operator or on the connection.",
    }
    kind = type(error).__name__
    return f"AWS could not be asked with connection {aws_conn_id!r}: {error} {advice.get(kind, '')}".strip()
