"""Which arguments of a mapped task are data that must not be rendered.

An XCom is data, from any source. A task that is not mapped resolves XComArgs when it renders its fields, and Airflow
does not render the result. A mapped task is different: Airflow first resolves what it is mapped over, builds the
operator with the values, and then renders its fields (``MappedOperator.render_template_fields`` in
``airflow/sdk/definitions/mappedoperator.py``). It leaves out objects that it has resolved by their identity, which
does not protect here: our operators copy their arguments, and of ``expand_kwargs(xcom)`` it remembers no object at all
(``ListOfDictsExpandInput.resolve`` in ``airflow/sdk/definitions/_internal/expandinput.py``). So the arguments that are
given by XComs are left out by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def mapped_data(task: Any, given: Mapping[str, Any], map_index: int | None) -> dict[str, Any]:
    """Find the arguments of a mapped task that come from XComs.

    :param task: an instance of the mapped task.
    :param given: the arguments that Airflow built it with.
    :param map_index: its index.
    """
    mapped: Any = task.dag.get_task(task.task_id)  # The mapped task, not this instance of it.
    source = mapped.expand_input.value
    if isinstance(source, Mapping):  # expand()
        data = {name: given[name] for name, values in source.items() if not _is_literal(values)}
    elif _is_literal(source) and _is_literal(source[map_index or 0]):  # expand_kwargs() with a literal mapping
        data = {}
    else:  # expand_kwargs() with an XCom, which may replace arguments of partial() if it is not strict.
        partial = mapped.partial_kwargs
        data = {name: value for name, value in given.items() if partial.get(name, task) is not value}
    defaults = data.get("default_args") or {}
    return {**{name: value for name, value in defaults.items() if name not in given}, **data}


def _is_literal(mapped_over: Any) -> bool:
    """Distinguish the author's values from what Airflow resolves: an XComArg, or an argument of a mapped group."""
    return isinstance(mapped_over, Mapping | Sequence)
