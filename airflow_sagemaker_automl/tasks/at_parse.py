"""Errors in an operator's arguments at DAG parse: the message names the task, then the argument."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from airflow.sdk.bases.operator import BaseOperatorMeta

from airflow_sagemaker_automl.core.values.wording import did_you_mean
from airflow_sagemaker_automl.exceptions import InvalidRequest


class NamesItsTask(BaseOperatorMeta):
    """Metaclass of the operators and sensors: errors of their constructors begin with the task's id."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Create an operator.

        :raises InvalidRequest: literal values in an argument break rules.
        :raises TypeError: an argument does not exist, or is missing.
        :raises ValueError: an argument has an invalid value.
        """
        try:
            return super().__call__(*args, **kwargs)
        except InvalidRequest as error:
            error.task_id = _task_id(kwargs)
            raise
        except (TypeError, ValueError) as error:
            # Subclasses may have other constructor arguments.
            if type(error) not in (TypeError, ValueError):
                raise
            unknown = unknown_arguments(self, kwargs) if isinstance(error, TypeError) else []
            reason = "; ".join(f"{self.__name__} has no argument {each}" for each in unknown) or str(error)
            named = type(error)(f"{_task_id(kwargs)}: {reason}")
            raise named.with_traceback(error.__traceback__) from None


@cache
def argument_names(operator: type) -> tuple[str, ...]:
    """List the arguments that an operator takes, including those of its bases.

    :param operator: its class.
    """
    names: dict[str, None] = {}
    for kind in operator.__mro__:
        if "__init__" in vars(kind) and kind is not object:
            parameters = inspect.signature(vars(kind)["__init__"]).parameters.values()
            names |= {
                each.name: None for each in parameters if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
            }
    return tuple(name for name in names if name != "self")


def unknown_arguments(operator: type, given: Iterable[str]) -> list[str]:
    """List the names that are not arguments of an operator, each with the most similar argument.

    :param operator: its class.
    :param given: names of arguments.
    """
    known = argument_names(operator)
    return [f"{name!r}{did_you_mean(name, known)}" for name in given if name not in known]


def full_id(name: Any, *, dag: Any = None, task_group: Any = None) -> str:
    """Return the id of a task or task group, with the prefix of the group that it is created in.

    :param name: its own id.
    :param dag: its ``dag`` argument. Default: the current DAG.
    :param task_group: its ``task_group`` argument. Default: the current task group.
    """
    from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext

    dag = dag or DagContext.get_current()
    group = task_group or (TaskGroupContext.get_current(dag) if dag else None)
    return str(group.child_id(name)) if group else str(name)


def _task_id(arguments: Mapping[str, Any]) -> str:
    return full_id(arguments.get("task_id"), dag=arguments.get("dag"), task_group=arguments.get("task_group"))
