"""Faults: what goes wrong at the emulator because whoever tests wants to see it go wrong.

They are a JSON object, put to ``/automl-emulator/faults`` (:mod:`airflow_sagemaker_automl.emulator.fault_switch`)::

    {"ConcurrentJobs": 1}

Every member may be left out.

``ConcurrentJobs``
    How many AutoML jobs may be ``InProgress`` or ``Stopping`` at once in each account and region; 0 is an account
    without quota. Left out, it is what the emulator was started with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MEMBERS = frozenset({"ConcurrentJobs"})


class InvalidFaults(ValueError):
    """A document that does not say what is to go wrong.

    :param problems: a sentence for each thing that is wrong.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Faults:
    """Faults that have been checked; by default there are none.

    :param concurrent_jobs: quota of AutoML jobs at once, None for the usual one.
    """

    concurrent_jobs: int | None = None

    @classmethod
    def from_json(cls, text: str | bytes) -> Faults:
        """Read and check a document.

        :raises InvalidFaults: with everything that is wrong with it.
        """
        try:
            document = json.loads(text)
        except ValueError as error:
            raise InvalidFaults([f"The faults are not JSON: {error}."]) from None
        if not isinstance(document, dict):
            raise InvalidFaults(["The faults must be a JSON object."])
        problems = list(_problems(document))
        if problems:
            raise InvalidFaults(problems)
        return cls(concurrent_jobs=document.get("ConcurrentJobs"))


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(document) - _MEMBERS):
        yield f"There is no fault {name!r}; these are: {', '.join(sorted(_MEMBERS))}."
    yield from _count_problems(document, "ConcurrentJobs")


def _count_problems(document: Mapping[str, Any], name: str) -> Iterator[str]:
    value = document.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        yield f"{name} must be a whole number, 0 or more, not {value!r}."
