"""Reads the service's message when it refuses a job because a quota is reached.

``CreateAutoMLJobV2`` responds with ``ResourceLimitExceeded`` for every quota: usually that of concurrent jobs (four or
fewer by default), but also a quota of zero. Only the message, whose format is not documented, distinguishes them, for
example "The account-level service limit 'Maximum number of concurrent AutoML jobs' is 4 AutoML jobs, with current
utilization of 4 AutoML jobs and a request delta of 1 AutoML jobs." A message in another format counts as a quota that
becomes free when other jobs end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"(\d[\d,]*)"
_LIMIT = re.compile(rf"' is {_NUMBER}")
_DELTA = re.compile(rf"request delta of {_NUMBER}")


@dataclass(frozen=True)
class Refusal:
    """A message of the service.

    :param limit: the quota; None if the message does not contain it.
    :param delta: how much of the quota the request needs; None if the message does not contain it.
    """

    text: str
    limit: int | None
    delta: int | None

    @classmethod
    def read(cls, text: str) -> Refusal:
        """Find the numbers in a message."""
        return cls(text, _number(_LIMIT, text), _number(_DELTA, text))

    @property
    def jobs_at_once(self) -> int | None:
        """The quota of concurrent AutoML jobs; None if the message does not contain it, or is about another quota."""
        return self.limit if "automl job" in self.text.lower() else None

    @property
    def is_for_good(self) -> bool:
        """Whether the quota is too small, or zero, even if no other job runs."""
        return self.limit is not None and self.limit < (self.delta or 1)


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(match[1].replace(",", "")) if match else None
