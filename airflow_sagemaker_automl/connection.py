"""How operators reach AWS: the connection arguments, the hook on first use, and where errors become task failures."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.exceptions import AutoMLError, ServiceUnavailable, escaped
from airflow_sagemaker_automl.lineage import RemembersLineage
from airflow_sagemaker_automl.links import HasLinks
from airflow_sagemaker_automl.masking import mask_proxy_passwords
from airflow_sagemaker_automl.patience import patiently
from airflow_sagemaker_automl.service_errors import is_no_answer, is_stale, kind_of, may_pass, passes_by_itself
from airflow_sagemaker_automl.templates import RendersTemplatesOnly

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks import Connection, SageMakerAutoMLHook

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="ConnectsToSageMaker")

CONNECTION_FIELDS = ("aws_conn_id", "region_name", "verify", "botocore_config")
_PATIENCE_SECONDS = 600
# What operators and sensors know themselves to be about; a job that was started rather than one that was asked for.
_SUBJECTS = {"_started_job": "AutoML job", "job_name": "AutoML job", "model_package_arn": "Model package"}
_NAMES_OR_ARNS = ("job_name", "model_package_arn", "model_package_group_name")


class ConnectsToSageMaker(RendersTemplatesOnly, RemembersLineage, HasLinks):
    """Base of the operators and sensors: how they are connected.

    ``AwsBaseOperator`` would do the same, but importing it costs every DAG parse 0.6 s of botocore.

    :param aws_conn_id: Airflow connection for AWS (default: ``aws_default``); None leaves it to boto3's own search
        for credentials. (templated)
    :param region_name: AWS region. Default: the connection's. (templated)
    :param verify: whether to verify TLS certificates, or a CA bundle. Default: the connection's. (templated)
    :param botocore_config: arguments of botocore's ``Config``. It is no place for the password of a proxy, which
        a task that defers refuses: give that in ``config_kwargs`` of the connection's extra, and all else with it,
        for where there is a ``botocore_config``, the connection's is not looked at. (templated)
    """

    def __init__(
        self,
        *,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self._hook: SageMakerAutoMLHook | None = None
        # An endpoint that has never answered is rather wrong than away for a while.
        self._has_been_reached = False

    @property
    def connection(self) -> Connection:
        """The four arguments as one value."""
        return {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
        }

    @property
    def hook(self) -> SageMakerAutoMLHook:
        """The hook for them, built when it is first asked for.

        :raises OtherRegion: what the task is about is of another region.
        """
        from airflow_sagemaker_automl.hooks import SageMakerAutoMLHook

        if self._hook is None:
            mask_proxy_passwords(self.botocore_config)
            hook = SageMakerAutoMLHook.from_connection(self.connection)
            for name in _NAMES_OR_ARNS:
                hook.require_region(getattr(self, name, None))
            self._hook = hook
        return self._hook

    def patiently(self, ask: Callable[[SageMakerAutoMLHook], R]) -> R:
        """Ask AWS, and again for ten minutes while what is wrong passes by itself.

        That is throttling, a fault of the service and expired credentials; no answer at all only where AWS has
        answered before.

        :param ask: makes the call; asked again, it may be given another hook.
        """
        answer = patiently(
            lambda: ask(self.hook),
            seconds=_PATIENCE_SECONDS,
            worth_waiting_for=self._is_worth_waiting_for,
            tell=self._tell_of_trouble,
        )
        self._has_been_reached = True
        return answer

    def _is_worth_waiting_for(self, error: BaseException) -> bool:
        if is_no_answer(error):
            return self._has_been_reached
        return passes_by_itself(error)

    def _tell_of_trouble(self, error: BaseException) -> None:
        metrics.count(metrics.CALLS_REPEATED, kind_of(error))
        self.log.warning("%s", escaped(f"{self._subject}AWS could not be asked, trying again: {error}"))
        self.forget_stale_hook(error)

    @property
    def _subject(self) -> str:
        """Begin a line of the log, or an error, with what the task is about, where that is known yet."""
        for name, kind in _SUBJECTS.items():
            if value := getattr(self, name, None):
                return f"{kind} {value}: "
        return ""

    def forget_stale_hook(self, error: BaseException) -> None:
        """Have the connection read again where that may help after an error."""
        if is_stale(error):
            self._hook = None


def errors_for_people(
    method: Callable[Concatenate[S, P], R],
) -> Callable[Concatenate[S, P], R]:
    """Decorate a method that talks to AWS: its errors are clear, and permanent ones do not use up retries.

    Errors of AWS begin with the name of the job, or the ARN of the version.

    :raises AirflowFailException: from an error that a retry cannot help.
    :raises ServiceUnavailable: from one of AWS's, or of the way there, that a retry may not meet again.
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
            raise AirflowFailException(f"{self._subject}{error}") from error
        except ClientError as error:
            kind = ServiceUnavailable if may_pass(error) else AirflowFailException
            raise kind(escaped(f"{self._subject}{error}")) from error
        except BotoCoreError as error:
            raise ServiceUnavailable(f"{self._subject}{_explain(error, self.aws_conn_id)}") from error

    return cast("Callable[Concatenate[S, P], R]", guarded)


def _explain(error: Exception, aws_conn_id: str | None) -> str:
    # The Amazon provider goes on with an empty connection where Airflow has none of that name.
    missing = "A connection that Airflow does not find counts as an empty one." if aws_conn_id else ""
    advice = {
        "EndpointConnectionError": "Is the service (or emulator) running, and is the connection's endpoint_url right?",
        "NoCredentialsError": "Give the connection a key or a role, or the worker an AWS identity of its own. "
        + missing,
        "NoRegionError": "Set region_name on the operator or on the connection. " + missing,
    }
    kind = type(error).__name__
    return f"AWS could not be asked with connection {aws_conn_id!r}: {error} {advice.get(kind, '')}".strip()
