"""What a task remembers of its jobs: only a clear starts a new generation."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_sagemaker_automl.core.jobs.task_record import Attempts, TaskRecord

STARTED = datetime(2026, 11, 27, 9, 30, 0, 123456, tzinfo=UTC)
FIRST = Attempts(max_tries=2, retries=2, clear_number=0)
RECORD = TaskRecord.begun(FIRST, STARTED)


def test_executions_of_one_run_choose_the_same_nonce() -> None:
    """Two concurrent executions without a record choose the same name; another installation chooses another."""
    assert TaskRecord.begun(FIRST, STARTED).nonce == RECORD.nonce
    assert TaskRecord.begun(FIRST, STARTED + timedelta(microseconds=1)).nonce != RECORD.nonce


def test_a_run_that_does_not_say_when_it_began_has_a_nonce_by_chance() -> None:
    """Without a start time a random number is used."""
    assert TaskRecord.begun(FIRST, None).nonce != TaskRecord.begun(FIRST, None).nonce


@pytest.mark.parametrize(
    ("attempts", "generation"),
    [
        # A retry, with other retries in the DAG file, and with another task of the run cleared.
        (FIRST, 0),
        (replace(FIRST, retries=0), 0),
        (replace(FIRST, clear_number=1), 0),
        # A clear after the first try, with the same, with more and with fewer retries.
        (Attempts(max_tries=3, retries=2, clear_number=1), 1),
        (Attempts(max_tries=6, retries=5, clear_number=1), 1),
        (Attempts(max_tries=1, retries=0, clear_number=1), 1),
        # With one retry less max_tries is unchanged.
        (Attempts(max_tries=2, retries=1, clear_number=1), 1),
    ],
)
def test_a_clear_is_told_from_a_retry(attempts: Attempts, generation: int) -> None:
    """By max_tries, or, if that is unchanged, by other traces of a clear."""
    again = RECORD.at(attempts)
    assert again.generation == generation
    assert again.nonce == RECORD.nonce
    assert again.at(attempts).generation == generation


def test_generations_only_grow() -> None:
    """Changing the retries between clears never reuses the name of an older generation."""
    record, seen = RECORD, [0]
    for max_tries, retries, clears in [(1, 0, 1), (2, 0, 2), (7, 4, 3), (4, 0, 4), (2, 2, 5)]:
        record = record.at(Attempts(max_tries=max_tries, retries=retries, clear_number=clears))
        seen.append(record.generation)
    assert seen == [0, 1, 2, 3, 4, 5]


def test_a_record_is_kept_as_json() -> None:
    """A record survives a round trip through Airflow's store."""
    record = replace(RECORD, settled=1, taken="churn-train-abc")
    assert TaskRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
