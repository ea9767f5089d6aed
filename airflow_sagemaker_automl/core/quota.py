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

_LIMIT = re.compile(r"' is (\d+)\b")
_DELTA = re.compile(r"request delta of (\d+)\b")
_UTILIZATION = re.compile(r"current utilization of (\d+)\b")


@dataclass(frozen=True)
class Refusal:
    """A text of the service, read as far as it can be.

    :param limit: the quota; None where the text has no such number.
    :param utilization: how much of it is in use.
    :param delta: how much the request needs.
    """

    text: str
    limit: int | None
    utilization: int | None
    delta: int | None

    @classmethod
    def read(cls, text: str) -> Refusal:
        """Find the numbers in a text."""
        found = [re.search(pattern, text) for pattern in (_LIMIT, _UTILIZATION, _DELTA)]
        limit, utilization, delta = (int(match[1]) if match else None for match in found)
        return cls(text, limit, utilization, delta)

    @property
    def is_for_good(self) -> bool:
        """Whether the request would not fit if nothing else ran: a quota of zero, or one that is too small."""
        return self.limit is not None and self.limit < (self.delta or 1)
