"""Base of the tasks that wait for the service: where they wait, until when, and how they resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import AutoMLError
from airflow_sagemaker_automl.hooks.errors import error_name, is_transient
from airflow_sagemaker_automl.hooks.masking import proxy_passwords
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.tasks.base import SageMakerTask
from airflow_sagemaker_automl.triggers.polling import pause

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook

T = TypeVar("T")


class WaitingTask(SageMakerTask):
    """Base of operators and sensors that wait for the service.

    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two polls.
    :raises ValueError: ``poll_interval`` is not greater than zero.
    """

    def __init__(self, *, deferrable: bool | None, poll_interval: float | timedelta, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.poll_interval = seconds(poll_interval)
        if not self.poll_interval > 0:
            name = "poke_interval" if "poke_interval" in kwargs else "poll_interval"
            raise ValueError(f"{name} = {poll_interval!r} must be more than 0 s")

    @property
    def hook(self) -> SageMakerAutoMLHook:
        """The hook, built on first use, before anything is started in AWS.

        :raises AirflowFailException: the task is deferrable, and its configuration contains a password: Airflow stores
            the arguments of a trigger unencrypted.
        """
        if self.deferrable and proxy_passwords(self.botocore_config):
            raise AirflowFailException(
                "botocore_config contains the password of a proxy, which Airflow would store in clear text with the "
                "trigger of this task. Move the whole configuration to config_kwargs of the connection's extra and "
                "leave botocore_config out, since it would replace config_kwargs; or wait with deferrable=False."
            )
        return super().hook

    def execution_deadline(self, task_deadline: float | None) -> float | None:
        """Return the end of ``execution_timeout``, which Airflow enforces only in the worker.

        :param task_deadline: POSIX time that was computed when this try first deferred.
        """
        if task_deadline is None and self.execution_timeout is not None:
            return time.time() + self.execution_timeout.total_seconds()
        return task_deadline

    def require_wanted(self) -> None:
        """End a wait in the worker if the task is being terminated; only tasks that start a job override this."""

    def poll_until(
        self,
        first: T,
        look: Callable[[], T],
        *,
        what: str,
        status_of: Callable[[T], str | None],
        is_too_new: Callable[[Exception], bool],
        deadline: float,
        interval: float,
    ) -> T:
        """Poll in the worker.

        :param first: the resource as already described.
        :param look: describes the resource; errors that may not recur are retried.
        :param what: name of the resource, as the beginning of a sentence.
        :param status_of: returns its status; None ends the wait.
        :param is_too_new: tells whether an error only means that the resource is not visible yet.
        :param deadline: POSIX time.
        :param interval: seconds between two polls.
        :return: the resource as last described.
        """
        seen, logged, failures = first, None, 0
        unusable_since: float | None = None
        while (status := status_of(seen)) is not None and (left := deadline - time.time()) > 0:
            if status != logged:
                logged = status
                self.log.info("%s: %s", what, status)
            time.sleep(min(pause(interval, failures), left))
            self.require_wanted()
            try:
                seen, failures, unusable_since = look(), 0, None
            except Exception as error:
                unusable_since = None if is_transient(error) else unusable_since or time.monotonic()
                if not is_too_new(error) and not self._may_recover(error, unusable_since):
                    raise
                failures += 1
                metrics.count(metrics.POLLS_FAILED, error_name(error))
                self.log.warning("%s could not be described, retrying: %s", what, error)
                self.drop_stale_hook(error)
        return seen

    def _may_recover(self, error: Exception, unusable_since: float | None) -> bool:
        """Tell whether to retry an error, as in the triggerer: others than transient ones only for a limited time."""
        if isinstance(error, AutoMLError) and not error.retry_can_help:
            return False
        return unusable_since is None or time.monotonic() - unusable_since <= timing().unusable


def seconds(limit: float | timedelta | None) -> float:
    """Convert a limit in seconds or as a timedelta; None means no limit."""
    if limit is None:
        return math.inf
    return limit.total_seconds() if isinstance(limit, timedelta) else float(limit)
