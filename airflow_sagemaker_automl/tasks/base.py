"""How operators reach AWS: the connection arguments, the hook, retries, and errors as task failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar, cast

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import AutoMLError, ServiceUnavailable, escaped
from airflow_sagemaker_automl.hooks.errors import (
    error_name,
    is_client_error,
    is_invalid_call,
    is_no_answer,
    is_retryable,
    is_service_error,
    is_stale,
    is_transient,
)
from airflow_sagemaker_automl.hooks.masking import mask_proxy_passwords
from airflow_sagemaker_automl.hooks.retrying import call_with_retries
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.lineage import Datasets, LineageRecord, lineage_of
from airflow_sagemaker_automl.tasks.at_parse import NamesItsTask
from airflow_sagemaker_automl.tasks.templates import mapped_data

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context
    from jinja2 import Environment

    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.connection import Connection

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="SageMakerTask")

CONNECTION_FIELDS = ("aws_conn_id", "region_name", "verify", "botocore_config")
# Attribute that names the resource of an operator or sensor, in order of precedence → kind of resource.
_SUBJECTS = {"_started_job": "AutoML job", "job_name": "AutoML job", "model_package_arn": "Model package"}
_NAMES_OR_ARNS = ("job_name", "model_package_arn", "model_package_group_name")


class SageMakerTask(BaseOperator, metaclass=NamesItsTask):
    """Base of the operators and sensors: connection to AWS, retries, rendering, links and lineage.

    ``AwsBaseOperator`` would provide the connection, but importing it adds 0.6 s of botocore to every DAG parse.

    Each template field must have the name of its argument.

    :param aws_conn_id: Airflow connection for AWS (default: ``aws_default``); None uses boto3's own search for
        credentials. (templated)
    :param region_name: AWS region. Default: the connection's. (templated)
    :param verify: whether to verify TLS certificates, or a CA bundle. Default: the connection's. (templated)
    :param botocore_config: arguments of botocore's ``Config``. They replace ``config_kwargs`` of the connection's
        extra. A deferrable task rejects a proxy password here: put the whole configuration into ``config_kwargs``
        instead. (templated)
    """

    # The task's datasets for OpenLineage.
    reads: ClassVar[Sequence[Datasets]] = ()
    writes: ClassVar[Sequence[Datasets]] = ()
    # The arguments that Airflow built the operator of a mapped task with, before default_args.
    _unmapped_with: Mapping[str, Any] | None = None

    def __new__(cls, **arguments: Any) -> Self:
        """Keep the arguments of a mapped task: later, nothing distinguishes a default from a mapped value."""
        task = super().__new__(cls)
        if arguments.get("_airflow_from_mapped"):
            # The operator's own __setattr__ needs an initialized instance.
            object.__setattr__(task, "_unmapped_with", arguments)
        return task

    def __init__(
        self,
        *,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        # Each key of a result is an XCom of its own, too: train.output["job_name"] works.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.shown_links: Mapping[str, str] = {}
        self.has_been_resumed = False
        self.lineage = LineageRecord()
        self._hook: SageMakerAutoMLHook | None = None
        # An endpoint that has never answered is more likely misconfigured than down.
        self._has_been_reached = False

    def pre_execute(self, context: Context) -> None:
        """Forget the links of earlier tries: Airflow deletes XComs before each try, but may reuse this object."""
        self.shown_links, self.has_been_resumed = {}, False
        super().pre_execute(context)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume after a deferral, with links that another process has shown."""
        self.has_been_resumed = True
        return super().resume_execution(next_method, next_kwargs, context)

    def get_openlineage_facets_on_start(self) -> OperatorLineage[Any, Any] | None:
        """Describe the lineage of a task whose fields are rendered."""
        return lineage_of(self)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Describe the lineage of a task that has succeeded or was skipped.

        :param task_instance: of Airflow, with the state.
        """
        return lineage_of(self, has_succeeded=getattr(task_instance, "state", None) != "skipped")

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> OperatorLineage[Any, Any] | None:
        """Describe the lineage of a task that has failed, as far as it got.

        :param task_instance: of Airflow.
        """
        return lineage_of(self)

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: Environment,
        seen_oids: set[int],
    ) -> None:
        """Render the fields that are not data; see :mod:`~airflow_sagemaker_automl.tasks.templates`."""
        if parent is self and self._unmapped_with is not None:
            data = mapped_data(self, self._unmapped_with, context["ti"].map_index)
            template_fields = [field for field in template_fields if field not in data]
            # Airflow counts XComArgs among the literals of expand_kwargs() as resolved, before anything resolves them.
            seen_oids = seen_oids & {id(value) for value in data.values()}
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)

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
        """The hook, built on first use.

        :raises OtherRegion: the task's job, version or group belongs to another region.
        """
        from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook

        if self._hook is None:
            mask_proxy_passwords(self.botocore_config)
            hook = SageMakerAutoMLHook.from_connection(self.connection)
            for name in _NAMES_OR_ARNS:
                hook.require_region(getattr(self, name, None))
            self._hook = hook
        return self._hook

    def call_with_retries(self, ask: Callable[[SageMakerAutoMLHook], R], *, has_answered: bool = False) -> R:
        """Call AWS, and retry transient errors for ten minutes.

        Transient errors are throttling, server errors and expired credentials; connection errors only if AWS has
        answered before.

        :param ask: makes the call; a retry may pass it another hook.
        :param has_answered: AWS has answered this task before, in another process.
        """
        self._has_been_reached |= has_answered
        answer = call_with_retries(
            lambda: ask(self.hook),
            seconds=timing().retries,
            is_worth_retrying=self._is_worth_retrying,
            tell=self._report_retry,
        )
        self._has_been_reached = True
        return answer

    def _is_worth_retrying(self, error: BaseException) -> bool:
        if is_no_answer(error):
            return self._has_been_reached
        return is_transient(error)

    def _report_retry(self, error: BaseException) -> None:
        metrics.count(metrics.CALLS_REPEATED, error_name(error))
        self.log.warning("%s", escaped(f"{self._subject}the call to AWS failed, retrying: {error}"))
        self.drop_stale_hook(error)

    @property
    def _subject(self) -> str:
        """Name the task's resource, if it is known yet, as the beginning of a log line or an error."""
        for name, kind in _SUBJECTS.items():
            if value := getattr(self, name, None):
                return f"{kind} {value}: "
        return ""

    def drop_stale_hook(self, error: BaseException) -> None:
        """Drop the hook, so that the connection is read again, if that may help after an error."""
        if is_stale(error):
            self._hook = None


def is_permanent(error: Exception) -> bool:
    """Tell whether an error ends the task without a retry."""
    if isinstance(error, AutoMLError):
        return not error.retry_can_help
    return is_invalid_call(error) or (is_service_error(error) and not is_retryable(error))


def with_clear_errors(
    method: Callable[Concatenate[S, P], R],
) -> Callable[Concatenate[S, P], R]:
    """Decorate a method that calls AWS: convert its errors, and fail permanent ones without retrying.

    Errors of AWS begin with the name of the job or the ARN of the version.

    :raises AirflowFailException: from a permanent error.
    :raises ServiceUnavailable: from an AWS or connection error that a retry may not meet again.
    """

    @wraps(method)
    def guarded(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except AutoMLError as error:
            if error.retry_can_help:
                raise
            raise AirflowFailException(str(error)) from error
        except Exception as error:
            if is_invalid_call(error):
                raise AirflowFailException(f"{self._subject}{error}") from error
            if is_service_error(error):
                kind = ServiceUnavailable if is_retryable(error) else AirflowFailException
                raise kind(escaped(f"{self._subject}{error}")) from error
            if is_client_error(error):
                raise ServiceUnavailable(f"{self._subject}{_explain(error, self.aws_conn_id)}") from error
            raise

    return cast("Callable[Concatenate[S, P], R]", guarded)


def _explain(error: Exception, aws_conn_id: str | None) -> str:
    # The Amazon provider uses an empty connection if Airflow does not have one of that name.
    missing = "A connection that does not exist in Airflow is treated as an empty one." if aws_conn_id else ""
    advice = {
        "EndpointConnectionError": "Is the service (or emulator) running, and is the connection's endpoint_url right?",
        "NoCredentialsError": "Set a key or a role in the connection, or give the worker an AWS identity. " + missing,
        "NoRegionError": "Set region_name on the operator or on the connection. " + missing,
    }
    kind = type(error).__name__
    return f"The call to AWS with connection {aws_conn_id!r} failed: {error} {advice.get(kind, '')}".strip()
