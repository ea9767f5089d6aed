"""Asking AWS again while what is wrong passes by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airflow_sagemaker_automl.service_errors import passes_by_itself

R = TypeVar("R")

_FEWEST_TRIES = 20


def patiently(
    ask: Callable[[], R],
    *,
    seconds: float,
    worth_waiting_for: Callable[[BaseException], bool] = passes_by_itself,
    tell: Callable[[BaseException], None] | None = None,
) -> R:
    """Make a call, and again with growing pauses.

    :param ask: makes the call.
    :param seconds: after which its last error is raised.
    :param worth_waiting_for: judges an error; default: throttling, faults of the service, expired credentials and
        no answer.
    :param tell: is told of each error that is waited for.
    """
    from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay, wait_random_exponential

    def before_sleep(attempt: RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        if tell is not None and error is not None:
            tell(error)

    retrying = Retrying(
        retry=retry_if_exception(worth_waiting_for),
        wait=wait_random_exponential(max=seconds / _FEWEST_TRIES),
        stop=stop_before_delay(seconds),
        before_sleep=before_sleep,
        reraise=True,
    )
    return retrying(ask)
