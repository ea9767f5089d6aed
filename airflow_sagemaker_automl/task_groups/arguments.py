"""Check the argument names of ``automl_retraining``, and suggest where a wrong name belongs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow.sdk import TaskGroup

from airflow_sagemaker_automl.core.values.wording import did_you_mean, nearest, type_in_words
from airflow_sagemaker_automl.exceptions import Violation
from airflow_sagemaker_automl.tasks.at_parse import argument_names


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of one retraining.

    :param operators: every possible step → function that loads its operator's class (loading slows down DAG parsing).
    :param present: the steps of this retraining, in order.
    :param absent: the other steps → why they are missing, such as ``without a gate``.
    """

    operators: Mapping[str, Callable[[], type]]
    present: Collection[str]
    absent: Mapping[str, str]

    def names_of(self, step: str) -> tuple[str, ...]:
        """List the arguments that a step takes."""
        return argument_names(self.operators[step]())

    def takers(self, name: str) -> list[str]:
        """List the steps that take an argument: present ones, or if there is none, absent ones."""
        taking = [step for step in self.present if name in self.names_of(step)]
        return taking or [step for step in self.absent if name in self.names_of(step)]

    def all_names(self) -> list[str]:
        """List the arguments that any step takes."""
        return list(dict.fromkeys(name for step in self.operators for name in self.names_of(step)))


def step_violations(steps: Steps, given: Any) -> Iterator[Violation]:
    """Check ``steps``: a mapping of task ids to arguments."""
    if not isinstance(given, Mapping):
        yield Violation("steps", None, f"must be a mapping of task ids to arguments, not {type_in_words(given)}")
        return
    for step, arguments in given.items():
        place = f"steps[{step!r}]"
        if step not in steps.present:
            why = f" {steps.absent[step]}" if step in steps.absent else ""
            hint = did_you_mean(step, steps.present)
            yield Violation("steps", None, f"has no {step!r}{why}, only {', '.join(steps.present)}{hint}")
        elif not isinstance(arguments, Mapping):
            yield Violation(place, None, f"must be a mapping of arguments, not {type_in_words(arguments)}")
        elif "task_id" in arguments:
            yield Violation(place, None, f"must not have a task_id: it is {step!r} in every group")
        else:
            yield from _unknown_in_step(steps, step, arguments, place)


def default_args_violations(steps: Steps, given: Any) -> Iterator[Violation]:
    """Check the names in ``default_args`` of the group, because Airflow ignores those that no operator takes."""
    if not isinstance(given, Mapping):
        yield Violation("default_args", None, f"must be a mapping of arguments, not {type_in_words(given)}")
        return
    for name in given:
        if not steps.takers(name):
            yield Violation(
                "default_args", None, f"has no {name!r}: no step takes it{did_you_mean(name, steps.all_names())}"
            )


def keyword_violations(steps: Steps, given: Mapping[str, Any], own: Collection[str]) -> Iterator[Violation]:
    """Check the keywords that are neither arguments of ``automl_retraining`` nor of a task group.

    :param own: the arguments of ``automl_retraining``.
    """
    of_groups = inspect.signature(TaskGroup).parameters
    for name, value in given.items():
        if name in of_groups:
            continue
        takers = steps.takers(name)
        where = _place(steps, name, takers) or did_you_mean(name, [*own, *of_groups]) or _in_step(steps, name)
        yield Violation(name, value, f"is not an argument of automl_retraining{where}")


def _unknown_in_step(steps: Steps, step: str, arguments: Mapping[str, Any], place: str) -> Iterator[Violation]:
    given = [(name, place) for name in arguments]
    if isinstance(arguments.get("default_args"), Mapping):
        given += [(name, f"{place}['default_args']") for name in arguments["default_args"]]
    for name, where in given:
        if name not in steps.names_of(step):
            hint = _place(steps, name, steps.takers(name)) or did_you_mean(name, steps.names_of(step))
            yield Violation(where, None, f"has no {name!r}{hint}")


def _place(steps: Steps, name: str, takers: list[str]) -> str:
    """Say where an argument of a step belongs; empty if no step takes it, or it must not be given."""
    if not takers or name == "task_id":
        return ""
    of = f"; it is an argument of {', '.join(takers)}"
    if takers[0] in steps.absent:
        return f"{of}, which does not exist {steps.absent[takers[0]]}"
    of = f"{of}: steps={{{takers[0]!r}: {{{name!r}: ...}}}}"
    return f"{of}, or default_args={{{name!r}: ...}} for all of them" if len(takers) > 1 else of


def _in_step(steps: Steps, name: str) -> str:
    """Suggest the argument of a step with a similar name; empty if there is none."""
    names = dict.fromkeys(each for step in steps.present for each in steps.names_of(step))
    close = nearest(name, names)
    return f"; did you mean steps={{{steps.takers(close)[0]!r}: {{{close!r}: ...}}}}?" if close else ""
