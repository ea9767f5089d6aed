"""The author's part of a card: it can use the whole schema, and every violation is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date
from typing import Any, NamedTuple

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_sagemaker_automl import (
    AdditionalInformation,
    BarChartMetric,
    BusinessDetails,
    Evaluation,
    IntendedUses,
    InvalidModelCard,
    LinearGraphMetric,
    MatrixMetric,
    MetricGroup,
    ModelCard,
    ModelOverview,
    ObjectiveFunction,
    SimpleMetric,
    TrainingDetails,
    TrainingJobDetails,
    TrainingMetric,
)
from airflow_sagemaker_automl.core.card.author import author_card
from airflow_sagemaker_automl.core.card.schema import card_violations, require_valid
from tests.support.cards import SCHEMA, build, require_sendable

SHAPES = {"simple": 0, "linear_graph": 1, "bar_chart": 2, "matrix": 3}
FULL = ModelCard(
    model_overview=ModelOverview(model_creator="Ada", model_artifact=["s3://bucket/model.tar.gz"]),
    intended_uses=IntendedUses(
        purpose_of_model="Triage",
        intended_uses="In the clinic",
        factors_affecting_model_efficiency="Age",
        risk_rating="Medium",
        explanations_for_risk_rating="A person decides",
    ),
    business_details=BusinessDetails(
        business_problem="Waiting", business_stakeholders="Nurses", line_of_business="Care"
    ),
    training_details=TrainingDetails(
        objective_function=ObjectiveFunction(function="Maximize", facet="AUC", condition="always", notes="n"),
        training_observations="By hand",
        training_job_details=TrainingJobDetails(
            training_arn="arn",
            training_datasets=["s3://bucket/train/"],
            container_images=["image:1"],
            training_metrics=[TrainingMetric(name="loss", value=0.1, notes="n")],
            user_provided_training_metrics=[TrainingMetric(name="loss", value=1, notes="n")],
            hyper_parameters={"depth": "3"},
            user_provided_hyper_parameters=[{"name": "depth", "value": "3"}],
        ),
    ),
    evaluation_details=[
        Evaluation(
            name="Field trial",
            evaluation_observation="Good",
            evaluation_job_arn="arn",
            datasets=["s3://bucket/trial/"],
            metadata={"place": "here"},
            metric_groups=[
                MetricGroup(
                    name="figures",
                    metric_data=[
                        SimpleMetric(name="cost", value=12.5, notes="n", x_axis_name="x", y_axis_name="y"),
                        LinearGraphMetric(
                            name="curve", points=[(0, 1), (1, 0)], notes="n", x_axis_name="x", y_axis_name="y"
                        ),
                        BarChartMetric(name="bars", values=(1, 2), labels=["a", "b"], notes="n", y_axis_name="y"),
                        MatrixMetric(name="m", rows=[[1, 2]], column_labels=["a", "b"], row_labels=["c"], notes="n"),
                    ],
                )
            ],
        )
    ],
    additional_information=AdditionalInformation(
        ethical_considerations="None", caveats_and_recommendations="Ask", custom_details={"Ticket": "ML-1"}
    ),
)


class Place(NamedTuple):
    """A node of the schema, and its value on the full card."""

    schema: Mapping[str, Any]
    way: tuple[str | int, ...]
    value: Any

    @property
    def path(self) -> str:
        """The path as error messages show it."""
        return "model_card" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.way)


def places(schema: Any = SCHEMA, value: Any = None, way: tuple[str | int, ...] = ()) -> Iterator[Place]:
    """Walk the schema along the full card; in a list of metrics each entry stands for its own type."""
    value = author_card(FULL) if value is None else value
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]]
    yield Place(schema, way, value)
    for name, member in schema.get("properties", {}).items():
        yield from places(member, value[name], (*way, name))
    if isinstance(schema.get("additionalProperties"), dict):
        for name, item in value.items():
            yield from places(schema["additionalProperties"], item, (*way, name))
    items = schema.get("items", {})
    if "anyOf" in items:
        for place, shape in enumerate(items["anyOf"]):
            yield from places(shape, value[place], (*way, place))
    elif items:
        yield from places(items, value[0], (*way, 0))


def changed(way: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Copy the full card with another value at one path."""
    card = author_card(FULL)
    target: Any = card
    for step in way[:-1]:
        target = target[step]
    target[way[-1]] = value
    return card


def lone(card: Mapping[str, Any]) -> tuple[str, str]:
    """Check a card with one violation.

    :return: path and rule.
    """
    (violation,) = card_violations(card)
    with pytest.raises(InvalidModelCard):
        require_valid(card)
    return violation.path, violation.rule


def test_everything_of_the_schema_can_be_said_with_typed_sections() -> None:
    """The full card above has every member of the schema, is valid, and takes precedence over the evidence."""
    card = author_card(FULL)
    assert card_violations(card) == []
    # The walk fails at a member of the schema that the card lacks.
    assert all(place.value not in (None, "") for place in places())
    built = build(FULL)
    require_sendable(built)
    for section in ("model_overview", "intended_uses", "business_details", "training_details"):
        assert built[section] == card[section]


SIZED = [
    (place, keyword)
    for place in places()
    for keyword in ("maxLength", "minLength", "maxItems", "minItems")
    if keyword in place.schema
]


@pytest.mark.parametrize(("place", "keyword"), SIZED, ids=[f"{place.path} {keyword}" for place, keyword in SIZED])
def test_each_limit_of_length_is_named_when_it_is_exceeded_by_one(place: Place, keyword: str) -> None:
    """A value at the limit is valid; a longer one is an error with path, limit and length."""
    limit = place.schema[keyword]
    beyond = limit + 1 if keyword.startswith("max") else limit - 1

    def filled(size: int) -> Any:
        return "x" * size if isinstance(place.value, str) else [deepcopy(place.value[0]) for _ in range(size)]

    assert card_violations(changed(place.way, filled(limit))) == []
    path, rule = lone(changed(place.way, filled(beyond)))
    assert path == place.path
    bound = "at most" if keyword.startswith("max") else "at least"
    thing = {True: "character", False: "entry"}[isinstance(place.value, str)]
    things = thing if limit == 1 else {"character": "characters", "entry": "entries"}[thing]
    assert rule == f"must have {bound} {limit} {things}; it has {beyond}"


OBJECTS = [place for place in places() if place.schema.get("additionalProperties") is False]


@pytest.mark.parametrize("place", OBJECTS, ids=[place.path for place in OBJECTS])
def test_each_unknown_member_is_named_with_those_that_are_known(place: Place) -> None:
    """Everywhere that the schema allows no additional members."""
    path, rule = lone(changed((*place.way, "frobnicate"), "x"))
    assert path == f"{place.path}.frobnicate"
    assert "is not a member of " in rule
    assert rule.endswith(f"; it has {', '.join(place.schema['properties'])}")
    for name in place.schema.get("required", []):
        if name != "type":
            without = {key: value for key, value in place.value.items() if key != name}
            assert lone(changed(place.way, without)) == (f"{place.path}.{name}", "is required")


LEAVES = [
    place for place in places() if place.schema.get("type") in ("string", "number", "array", "object") and place.way
]


@pytest.mark.parametrize("place", LEAVES, ids=[place.path for place in LEAVES])
def test_each_wrong_type_is_named(place: Place) -> None:
    """With what it must be, and what it is; never with a dump of the schema."""
    kind = {"string": "a string", "number": "a number", "array": "a list", "object": "a mapping"}[place.schema["type"]]
    for value, found in ((True, "true"), (None, "null")):
        path, rule = lone(changed(place.way, value))
        assert path == place.path
        if place.way[-1] != "type":
            assert rule == f"must be {kind}, not {found}"
        else:
            assert rule.endswith("one of number, string, boolean, linear_graph, bar_chart, matrix")


def test_words_that_are_none_are_named_with_the_nearest() -> None:
    """Risk rating, direction of the objective and type of a metric: an unknown value is an error with a suggestion."""
    rating = ("intended_uses", "risk_rating")
    assert lone(changed(rating, "high")) == (
        "model_card.intended_uses.risk_rating",
        "must be one of High, Medium, Low, Unknown; did you mean 'High'?",
    )
    function = ("training_details", "objective_function", "function", "function")
    assert lone(changed(function, "minimise"))[1] == "must be one of Maximize, Minimize; did you mean 'Minimize'?"
    kind = ("evaluation_details", 0, "metric_groups", 0, "metric_data", 1, "type")
    assert lone(changed(kind, "line_graph")) == (
        "model_card.evaluation_details[0].metric_groups[0].metric_data[1].type",
        "must be one of number, string, boolean, linear_graph, bar_chart, matrix; did you mean 'linear_graph'?",
    )
    assert "is required: one of number, string" in lone(changed(kind[:-1], {"name": "a", "value": 1}))[1]
    assert lone({"intended_use": {}})[1] == "is not a member of model_card; did you mean 'intended_uses'?"


def test_a_single_value_is_judged_by_what_it_is() -> None:
    """Numbers, short texts and booleans are valid; the error for a long text has the limit, any other has the types."""
    way = ("evaluation_details", 0, "metric_groups", 0, "metric_data", 0)
    for value in (1, 0.5, "x" * 63, "", True):
        metric = author_card({"metric": SimpleMetric(name="a", value=value)})["metric"]
        assert card_violations(changed(way, metric)) == []
    assert lone(changed((*way, "value"), "x" * 64))[1] == "must have at most 63 characters; it has 64"
    assert lone(changed((*way, "value"), [1]))[1] == "must be a number, a string, true or false, not a list"
    assert lone(changed(way, 5))[1] == "must be a mapping, not an integer"
    kinds = [SimpleMetric(name="a", value=value).to_api()["type"] for value in (1, 0.5, "x", True)]
    assert kinds == ["number", "number", "string", "boolean"]
    assert SimpleMetric(name="a", value="{{ x }}", type="number").to_api()["type"] == "number"


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (float("nan"), "must be a finite number"),
        (float("-inf"), "must be a finite number"),
        (10**400, "must be a finite number"),
        (date(2026, 1, 1), "must be a string, a number, true or false, not a date"),
        ("half \ud83d", "must not contain an unpaired surrogate"),
    ],
)
def test_what_json_cannot_hold_is_named_where_the_schema_lets_anything_in(value: Any, rule: str) -> None:
    """A metric group may have members of any name, but their values must be serializable."""
    way = ("evaluation_details", 0, "metric_groups", 0, "more")
    assert lone(changed(way, [value])) == ("model_card.evaluation_details[0].metric_groups[0].more[0]", rule)
    assert lone(changed(way, {2026: "a"}))[1] == "must have a string as its key, not an integer; quote it in YAML"


def test_an_authors_part_that_is_too_long_is_refused_with_the_figures() -> None:
    """The author's text is never cut; the length is that of the serialized text, in which é takes six characters."""
    fits = {"additional_information": {"custom_details": {f"{place:03}": "x" * 1000 for place in range(98)}}}
    assert card_violations(fits) == []
    long = {"additional_information": {"custom_details": {f"{place:03}": "é" * 1000 for place in range(17)}}}
    path, rule = lone(long)
    assert path == "model_card"
    assert rule.startswith("must have at most 100000 characters as JSON on one line; it has 102200. ")
    assert card_violations(long, rendered=False)
    with pytest.raises(InvalidModelCard, match="it has 102200"):
        build(long)


def test_what_is_resolved_later_is_judged_later() -> None:
    """Before rendering, templates and XComArgs are skipped, and literal values beside them are checked."""
    with DAG("cards", schedule=None):
        later = XComArg(BaseOperator(task_id="says"))
    card = author_card(
        ModelCard(
            intended_uses=IntendedUses(risk_rating="{{ params.risk }}", purpose_of_model=later),
            business_details=later,
            evaluation_details=[
                Evaluation(
                    name="{{ ds }}",
                    datasets=later,
                    metric_groups=[
                        MetricGroup(name="g", metric_data=[SimpleMetric(name="a", value=later, type="number"), later]),
                        later,
                    ],
                ),
            ],
            training_details=TrainingDetails(
                training_job_details=TrainingJobDetails(container_images=later, hyper_parameters=later)
            ),
        )
    )
    assert card_violations(card, rendered=False) == []
    card["additional_information"] = {"ethical_considerations": "x" * 2049, "caveats_and_recommendations": ""}
    card["evaluation_details"][0]["metric_groups"][0]["metric_data"][0]["notes"] = "n" * 1025
    assert [violation.path for violation in card_violations(card, rendered=False)] == [
        "model_card.evaluation_details[0].metric_groups[0].metric_data[0].notes",
        "model_card.additional_information.ethical_considerations",
    ]
    assert "model_card.intended_uses.purpose_of_model" in [violation.path for violation in card_violations(card)]


@pytest.mark.parametrize("value", ["card.yaml", 5, ["a"]])
def test_an_authors_part_is_a_card_or_a_mapping(value: Any) -> None:
    """Other types are refused; None means no author's part."""
    with pytest.raises(InvalidModelCard, match="must be a ModelCard or a mapping"):
        author_card(value)
    assert author_card(None) == {}
    assert author_card({"intended_uses": IntendedUses(risk_rating="Low")}) == {"intended_uses": {"risk_rating": "Low"}}


def test_a_card_that_holds_itself_is_refused() -> None:
    """A card that contains itself is refused, as a request is."""
    loop: dict[str, Any] = {}
    loop["intended_uses"] = loop
    with pytest.raises(InvalidModelCard, match="does it contain itself"):
        author_card(loop)
    assert [violation.path for violation in card_violations(loop)] == ["model_card"]


def test_typed_sections_can_be_judged_as_they_are() -> None:
    """Typed sections are checked in any place of a card."""
    card = {"intended_uses": IntendedUses(risk_rating="Extreme")}
    assert lone(card)[1] == "must be one of High, Medium, Low, Unknown"


def test_a_message_about_a_large_part_is_short() -> None:
    """A curve of thousands of points is not printed."""
    way = ("evaluation_details", 0, "metric_groups", 0, "metric_data", 1, "value")
    (violation,) = card_violations(changed(way, [[1, 2, 3], *[[0.5, 0.5]] * 9000]))
    assert str(violation) == (
        "model_card.evaluation_details[0].metric_groups[0].metric_data[1].value[0] = [1, 2, 3] "
        "must have at most 2 entries; it has 3"
    )
    with pytest.raises(InvalidModelCard) as raised:
        require_valid(changed(way, {"points": [[0.5, 0.5]] * 9000}))
    assert len(str(raised.value)) < 500
