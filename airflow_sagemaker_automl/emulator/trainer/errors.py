"""The one error of the trainer that speaks to whoever started the job."""

from __future__ import annotations


class UnusableData(Exception):
    """The job cannot be trained on this data, or not as asked; the message becomes the job's ``FailureReason``."""
