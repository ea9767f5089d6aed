"""What the service says when it refuses a job for want of quota.

``CreateAutoMLJobV2`` answers ``ResourceLimitExceeded`` whichever quota is meant: most often the number of jobs that
may run at once (four or fewer by default), but also one that is zero. Only the text tells them apart. Its form is not
documented; known is, for example, "The account-level service limit 'Maximum number of concurrent AutoML jobs' is 4
AutoML jobs, with current utilization of 4 AutoML jobs and a request delta of 1 AutoML jobs." A text of another form is
taken for a quota that frees itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"(\d[\d,]*)"
_LIMIT = re.compile(rf"' is {_NUMBER}")
_DELTA = re.compile(rf"request delta of {_NUMBER}")


@dataclass(frozen=True)
class Refusal:
    """A text of the service, read as far as it can be.

    :param limit: the quota; None where the text has no such number.
    :param delta: how much of it the request needs; None likewise.
    """

    text: str
    limit: int | None
    delta: int | None

    @classmethod
    def read(cls, text: str) -> Refusal:
        """Find the numbers in a text."""
        return cls(text, _number(_LIMIT, text), _number(_DELTA, text))

    @property
    def jobs_at_once(self) -> int | None:
        """How many AutoML jobs may run; None where the text does not say, or tells of another quota."""
        return self.limit if "automl job" in self.text.lower() else None

    @property
    def is_for_good(self) -> bool:
        """Whether the request would not fit if nothing else ran: a quota of zero, or one that is too small."""
        return self.limit is not None and self.limit < (self.delta or 1)


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(match[1].replace(",", "")) if match else None
