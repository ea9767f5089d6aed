"""What of a task is a template: what its author wrote, and never what an XCom holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context
    from jinja2 import Environment


class RendersTemplatesOnly(BaseOperator):
    """Base of the operators and sensors: data that a mapped task is given is not rendered.

    An XCom is data, and may come from anywhere. A task that is not mapped resolves XComArgs when it renders its
    fields, and Airflow renders nothing of the result. A mapped task is different: Airflow first resolves what it is
    mapped over, builds the operator with the values, and then renders its fields
    (``MappedOperator.render_template_fields`` in ``airflow/sdk/definitions/mappedoperator.py``). It leaves out objects
    that it has resolved by their identity, which does not protect here: our operators copy their arguments, and of
    ``expand_kwargs(xcom)`` it remembers no object at all (``ListOfDictsExpandInput.resolve`` in
    ``airflow/sdk/definitions/_internal/expandinput.py``). So the fields that are given by XComs are left out by name.

    Each template field must have the name of the argument that it is given by.
    """

    # The arguments that Airflow has built the operator of a mapped task with, before default_args.
    _unmapped_with: Mapping[str, Any] | None = None

    def __new__(cls, **arguments: Any) -> Self:
        """Keep what a mapped task is built with: afterwards nothing tells a default from what was mapped."""
        task = super().__new__(cls)
        if arguments.get("_airflow_from_mapped"):
            # The operator's own __setattr__ needs one that is initialised.
            object.__setattr__(task, "_unmapped_with", arguments)
        return task

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: Environment,
        seen_oids: set[int],
    ) -> None:
        """Render the fields that are not data."""
        if parent is self and self._unmapped_with is not None:
            data = self._mapped_data(self._unmapped_with, context["ti"].map_index)
            template_fields = [field for field in template_fields if field not in data]
            # Airflow counts XComArgs among the literals of expand_kwargs() as resolved, which nothing has resolved yet.
            seen_oids = seen_oids & {id(value) for value in data.values()}
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)

    def _mapped_data(self, given: Mapping[str, Any], map_index: int) -> dict[str, Any]:
        """Find the arguments that mapping has taken from XComs.

        :param given: the arguments of this instance.
        :param map_index: its index.
        """
        mapped: Any = self.dag.get_task(self.task_id)  # Not this instance: the task that it is one of.
        source = mapped.expand_input.value
        if isinstance(source, Mapping):  # expand()
            data = {name: given[name] for name, values in source.items() if not _is_literal(values)}
        elif _is_literal(source) and _is_literal(source[map_index]):  # expand_kwargs() with a literal mapping
            data = {}
        else:  # expand_kwargs() with an XCom, which may replace arguments of partial() if it is not strict.
            partial = mapped.partial_kwargs
            data = {name: value for name, value in given.items() if partial.get(name, self) is not value}
        defaults = data.get("default_args") or {}
        return {**{name: value for name, value in defaults.items() if name not in given}, **data}


def _is_literal(mapped_over: Any) -> bool:
    """Tell what the author wrote from what Airflow resolves: an XComArg, or an argument of a mapped task group."""
    return isinstance(mapped_over, Mapping | Sequence)
