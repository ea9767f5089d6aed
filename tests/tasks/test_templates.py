"""What is rendered and what is not: every templated argument of every operator and sensor, by Airflow's own code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, TaskGroup, task, task_group
from airflow.sdk.execution_time import task_runner

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator
from airflow_sagemaker_automl.tasks.base import SageMakerTask
from tests.support.task_classes import TASKS
from tests.support.templated_values import arguments, structures, texts, with_leaves
from tests.support.templates import XComs, rendered, shown

HIDDEN = "what-only-the-variable-has"
TEMPLATE = "{{ var.value.told_to_nobody }}"


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a task is given.

    :param templates: arguments that the author writes.
    :param one: arguments that are data → an XCom that holds it.
    :param many: arguments that are data → an XCom with a list that holds it.
    :param keywords: an XCom with all that are data, by name.
    :param all: an XCom with a list that holds them by name.
    """

    operator: type[BaseOperator]
    templates: Mapping[str, Any]
    one: Mapping[str, Any]
    many: Mapping[str, Any]
    keywords: Any
    all: Any

    def task(self, **arguments: Any) -> None:
        """Make a task that is not mapped."""
        self.operator(task_id="given", **arguments)

    def partial(self, **arguments: Any) -> Any:
        """Begin a mapped task."""
        return self.operator.partial(task_id="given", **arguments)


def _resolved(given: Given) -> None:
    given.task(**given.templates, **given.one)


def _mapped(given: Given) -> None:
    given.partial(**given.templates).expand(**given.many)


def _mapped_with_literals(given: Given) -> None:
    given.partial().expand(**{name: [value] for name, value in given.templates.items()}, **given.many)


def _mapped_over_lists_of_xcoms(given: Given) -> None:
    given.partial(**given.templates).expand(**{name: [one] for name, one in given.one.items()})


def _mapped_through_functions(given: Given) -> None:
    same = {name: many.map(lambda item: item) for name, many in given.many.items()}
    given.partial(**given.templates).expand(**same)


def _mapped_over_lists_in_a_row(given: Given) -> None:
    given.partial(**given.templates).expand(**{name: many.concat(many) for name, many in given.many.items()})


def _by_keyword(given: Given) -> None:
    given.partial(**given.templates).expand_kwargs(given.all)


def _by_keyword_with_defaults(given: Given) -> None:
    defaults: Any = dict(given.templates)
    with TaskGroup("group", prefix_group_id=False, default_args=defaults):
        given.partial().expand_kwargs(given.all)


def _by_keyword_in_pairs(given: Given) -> None:
    pairs = given.all.zip(given.all).map(lambda pair: pair[1])
    given.partial(**given.templates).expand_kwargs(pairs)


def _by_keyword_in_place_of_templates(given: Given) -> None:
    replaced = dict.fromkeys(given.one, "{{ params.replaced }}")
    given.partial(**given.templates, **replaced).expand_kwargs(given.all, strict=False)


def _by_keyword_in_a_list(given: Given) -> None:
    given.partial(**given.templates).expand_kwargs([given.keywords])


def _by_keyword_with_literals(given: Given) -> None:
    given.partial().expand_kwargs([{**given.templates, **given.one}])


def _by_default(given: Given) -> None:
    given.partial(**given.templates).expand_kwargs(given.all.map(lambda keywords: {"default_args": keywords}))


def _by_default_with_literals(given: Given) -> None:
    given.partial().expand_kwargs([{"default_args": {**given.templates, **given.one}}])


def _in_a_group(given: Given) -> None:
    @task_group(prefix_group_id=False)
    def group(**items: Any) -> None:
        given.task(**given.templates, **items)

    group.expand(**given.many)


Way = Callable[[Given], None]

WAYS: tuple[Way, ...] = (
    _resolved,
    _mapped,
    _mapped_with_literals,
    _mapped_over_lists_of_xcoms,
    _mapped_through_functions,
    _mapped_over_lists_in_a_row,
    _by_keyword,
    _by_keyword_with_defaults,
    _by_keyword_in_pairs,
    _by_keyword_in_place_of_templates,
    _by_keyword_in_a_list,
    _by_keyword_with_literals,
    _by_default,
    _by_default_with_literals,
    _in_a_group,
)


@pytest.fixture(autouse=True)
def _variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_TOLD_TO_NOBODY", HIDDEN)


@pytest.fixture
def xcoms(monkeypatch: pytest.MonkeyPatch) -> XComs:
    """Stand for Airflow's side of the line from a task."""
    answering = XComs()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", answering, raising=False)
    return answering


@task
def before() -> Any:
    """Return something."""


def _returns(task_id: str) -> Any:
    return before.override(task_id=task_id)()


def given_by(
    way: Way, operator: type[BaseOperator], values: Mapping[str, Any], data: set[str], xcoms: XComs
) -> BaseOperator:
    """Render a task as a worker does.

    :param values: the arguments.
    :param data: those that XComs hold; the others stand in the DAG.
    """
    held = {name: values[name] for name in data}
    xcoms.holding({"keywords": held, "all": [held]})
    for name, value in held.items():
        xcoms.holding({f"one_{name}": value, f"many_{name}": [value]})
    with DAG("templates", schedule=None) as dag:
        way(
            Given(
                operator=operator,
                templates={name: value for name, value in values.items() if name not in data},
                one={name: _returns(f"one_{name}") for name in data},
                many={name: _returns(f"many_{name}") for name in data},
                keywords=_returns("keywords"),
                all=_returns("all"),
            )
        )
    return rendered(dag, "given", -1 if way is _resolved else 0)


def halves(operator: type[BaseOperator]) -> tuple[set[str], set[str]]:
    """Divide the template fields into two."""
    names = list(operator.template_fields)
    return set(names[::2]), set(names[1::2])


def fields(task: BaseOperator) -> dict[str, Any]:
    """Read the template fields."""
    return {name: getattr(task, name) for name in task.template_fields}


@pytest.mark.parametrize("operator", TASKS)
@pytest.mark.parametrize("way", WAYS)
def test_templates_are_rendered_and_data_is_not(operator: type[BaseOperator], way: Way, xcoms: XComs) -> None:
    """What an XCom holds arrives as it is, however it comes; what the author writes beside it is rendered."""
    for values in (texts(operator, TEMPLATE), structures(operator, TEMPLATE)):
        as_given = fields(operator(task_id="given", **values))
        as_rendered = with_leaves(as_given, HIDDEN, TEMPLATE)
        for data in halves(operator):
            expected = {name: (as_given if name in data else as_rendered)[name] for name in values}
            assert fields(given_by(way, operator, values, data, xcoms)) == expected


@pytest.mark.parametrize("text", ["{{ 1 / 0 }}", "{{ no.such.thing }}", "{% if", "{# 5 %", "{{ }}"])
@pytest.mark.parametrize("way", [_mapped, _by_keyword])
def test_data_that_is_no_template_breaks_nothing(way: Way, text: str, xcoms: XComs) -> None:
    """Braces in a table's header or in a reviewer's words are no error."""
    for operator in TASKS:
        values = structures(operator, text)
        instance = given_by(way, operator, values, set(values), xcoms)
        assert fields(instance) == fields(operator(task_id="given", **values))


@pytest.mark.parametrize("operator", TASKS)
@pytest.mark.parametrize(
    "way", [_resolved, _mapped_with_literals, _by_keyword_with_literals, _by_default_with_literals]
)
def test_data_in_the_leaves_of_a_literal_is_not_rendered(operator: type[BaseOperator], way: Way, xcoms: XComs) -> None:
    """An XComArg in any leaf of what the author writes becomes what the XCom holds, as it is."""
    values = structures(operator, TEMPLATE)
    xcoms.holding({"leaf": TEMPLATE})
    with DAG("templates", schedule=None) as dag:
        leaves = with_leaves(values, _returns("leaf"))
        way(Given(operator=operator, templates=leaves, one={}, many={}, keywords=None, all=None))
    instance = rendered(dag, "given", -1 if way is _resolved else 0)
    assert fields(instance) == fields(operator(task_id="given", **values))


def test_the_page_shows_data_as_it_is_and_no_secret(xcoms: XComs, monkeypatch: pytest.MonkeyPatch) -> None:
    """*Rendered Templates* has what the task has: data word for word, and what a secret variable holds masked."""
    monkeypatch.setenv("AIRFLOW_VAR_SECRET_WORDS", "words-of-a-secret")
    values = {
        "job_name": "job",
        "model_package_group_name": "group",
        "description": "{{ var.value.secret_words }}",
        "customer_metadata_properties": {"reason": TEMPLATE},
    }
    data = {"customer_metadata_properties"}
    page = shown(given_by(_by_keyword, SageMakerRegisterCandidateOperator, values, data, xcoms))
    assert page["customer_metadata_properties"] == {"reason": TEMPLATE}
    assert page["description"] == "***"


def test_fields_have_the_names_of_their_arguments() -> None:
    """Data is told from templates by the name of the argument, in every operator and sensor."""
    for operator in TASKS:
        assert issubclass(operator, SageMakerTask)
        assert set(operator.template_fields) <= set(arguments(operator))
