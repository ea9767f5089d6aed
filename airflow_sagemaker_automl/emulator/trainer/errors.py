"""The trainer's error whose message is for the user who started the job."""

from __future__ import annotations


class UnusableData(Exception):
    """The job cannot be trained on these data, or not as requested; the message becomes its ``FailureReason``."""
