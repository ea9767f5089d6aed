"""Retry AWS calls on transient errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airflow_sagemaker_automl.hooks.errors import is_transient

R = TypeVar("R")

_FEWEST_TRIES = 20


def call_with_retries(
    ask: Callable[[], R],
    *,
    seconds: float,
    is_worth_retrying: Callable[[BaseException], bool] = is_transient,
    tell: Callable[[BaseException], None] | None = None,
) -> R:
    """Make a call, and retry it with exponential back-off.

    :param ask: makes the call.
    :param seconds: time after which the last error is raised.
    :param is_worth_retrying: tells whether to retry an error. Default: transient errors: throttling, server errors,
        expired credentials and connection errors.
    :param tell: called with each error that is retried.
    """
    from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay, wait_random_exponential

    def before_sleep(attempt: RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        if tell is not None and error is not None:
            tell(error)

    retrying = Retrying(
        retry=retry_if_exception(is_worth_retrying),
        wait=wait_random_exponential(max=seconds / _FEWEST_TRIES),
        stop=stop_before_delay(seconds),
        before_sleep=before_sleep,
        reraise=True,
    )
    return retrying(ask)
