"""The time of day, as exact as the service's answers carry it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Read the time in UTC, in whole milliseconds: what a client is told is what filters compare with."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
