"""All violations of a registration are reported before any call, in one error that says what to do."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import event, example, given, settings, strategies as st

from airflow_sagemaker_automl import InvalidModelPackage, Violation
from airflow_sagemaker_automl.core.rules.registration import require_literals
from airflow_sagemaker_automl.emulator.contract import check_request
from airflow_sagemaker_automl.hooks.service_model import checked_model_package, input_shape
from tests.support import registrations
from tests.support.breaches import breaches, members
from tests.support.examples import examples
from tests.support.registration_corpus import read_corpus
from tests.support.requests import spoiled, steps

CORPUS = read_corpus(Path(__file__).parent / "wrong_registrations.yaml")
OPERATIONS = {False: "CreateModelPackage", True: "UpdateModelPackage"}
BOTO3_SHAPES: dict[bool, Any] = {
    update: get_session().get_service_model("sagemaker").operation_model(name).input_shape
    for update, name in OPERATIONS.items()
}
LARGEST = {False: registrations.largest_registration(), True: registrations.largest_update()}
GOOD = [
    (False, registrations.smallest_registration()),
    (False, registrations.cloning_registration()),
    (False, LARGEST[False]),
    (True, registrations.smallest_update()),
    (True, LARGEST[True]),
]
BREACHES = [
    breach for update, name in OPERATIONS.items() for breach in breaches(name, input_shape(name), LARGEST[update])
]
NAMES = {
    "ModelApprovalStatus": "approval_status",
    "CustomerMetadataProperties": "customer_metadata_properties",
    "AdditionalInferenceSpecifications": "additional_inference_specifications",
    "ModelCard": "model_card",
    "ModelCard.ModelCardStatus": "model_card_status",
}


def found_when_run(request: Any, **options: Any) -> tuple[Violation, ...]:
    """Return the violations that are reported when the task runs; empty if the request is accepted."""
    try:
        checked_model_package(request, **options)
    except InvalidModelPackage as refused:
        return tuple(refused.violations)
    return ()


def said_when_run(request: Any, **options: Any) -> list[str]:
    """Return their texts."""
    return [str(violation) for violation in found_when_run(request, **options)]


def said_at_parse(request: Any, **options: Any) -> list[str]:
    """Return what is reported of a request when its DAG is parsed; empty if it is accepted."""
    try:
        require_literals(request, **options)
    except InvalidModelPackage as refused:
        return [str(violation) for violation in refused.violations]
    return []


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["wrong"])
def test_a_wrong_registration_is_refused_in_these_words(entry: dict[str, Any]) -> None:
    """The corpus: rules 20 to 26, each kind of constraint, several in one request; at parse and at run time."""
    update = entry.get("of") == "update"
    request = registrations.smallest_update() if update else registrations.smallest_registration()
    for path, value in entry["change"].items():
        request = spoiled(request, steps(path), value)
    before = copy.deepcopy(request)
    assert said_when_run(request, update=update) == entry["says"]
    assert said_at_parse(request, update=update) == entry.get("at_parse", entry["says"])
    assert repr(request) == repr(before)


def test_the_corpus_is_large_and_repeats_nothing() -> None:
    """Each invalid registration has a unique name."""
    assert len({entry["wrong"] for entry in CORPUS}) == len(CORPUS) >= 100


@pytest.mark.parametrize(("update", "request_"), GOOD)
def test_good_registrations_are_sent_as_they_are(update: bool, request_: dict[str, Any]) -> None:
    """The smallest and the largest request are sent unchanged and satisfy the service model."""
    assert checked_model_package(request_, update=update) == request_
    assert said_at_parse(request_, update=update) == []
    check_request(OPERATIONS[update], request_)


@pytest.mark.parametrize("update", OPERATIONS)
def test_the_breaches_reach_every_member_that_a_version_can_have(update: bool) -> None:
    """A member of a newer botocore that the largest request lacks fails here with its name."""
    name = OPERATIONS[update]
    reached = {breach.path for breach in BREACHES if breach.kind == name}
    refused = {"ClientToken"} if update else {"ModelPackageName", "Tags", "Tags[0].Key", "Tags[0].Value"}
    excluded = set() if update else {"SourceUri"}
    assert set(members(input_shape(name))) - reached == refused | excluded


@pytest.mark.parametrize("update", OPERATIONS)
def test_every_constraint_of_the_service_model_is_judged_at_its_path(update: bool) -> None:
    """For each constraint of each member, a request that violates it is refused with that path."""
    for breach in (breach for breach in BREACHES if breach.kind == OPERATIONS[update]):
        with pytest.raises(InvalidModelPackage) as refused:
            checked_model_package(breach.spoil(LARGEST[update]), update=update)
        assert breach.path in {violation.path for violation in refused.value.violations}, breach


@pytest.mark.parametrize(
    "later", ["{{ params.x }}", "{% if a %}x{% endif %}", object()], ids=["jinja", "block", "xcom"]
)
def test_what_is_not_known_at_parse_is_left_alone(later: Any) -> None:
    """A template or an XComArg is allowed for any member."""
    for breach in BREACHES:
        if breach.constraint == "type":
            update = breach.kind == OPERATIONS[True]
            assert said_at_parse(spoiled(LARGEST[update], steps(breach.path), later), update=update) == [], breach.path


def test_what_is_literal_beside_a_template_is_judged_at_parse() -> None:
    """An unknown value does not hide violations elsewhere."""
    metadata = {"run": "{{ run_id }}", "note": "a,b"}
    request = {"ModelPackageGroupName": "{{ params.group }}", "CustomerMetadataProperties": metadata}
    rule = "must have only letters, digits, spaces and _ . : / = + - @; it has ','"
    assert said_at_parse(request) == [f"CustomerMetadataProperties.note = 'a,b' {rule}"]


def test_the_operator_fills_the_specification_when_it_runs() -> None:
    """Members that come from the job are not required at parse, nor before the job has been described."""
    partial: dict[str, Any] = {
        "ModelPackageGroupName": "churn",
        "InferenceSpecification": {"SupportedContentTypes": ["text/csv"]},
    }
    assert said_at_parse(partial) == []
    assert said_when_run(partial) == ["InferenceSpecification.Containers is required"]
    assert checked_model_package(partial, later=["InferenceSpecification.Containers"]) == partial
    partial["InferenceSpecification"] |= {"Containers": []}
    assert said_when_run(partial, later=["InferenceSpecification.Containers"]) == [
        "InferenceSpecification.Containers must have 1 to 15 containers; it has 0"
    ]


def test_violations_name_the_arguments_that_they_came_by() -> None:
    """Violations use the operator's argument names by the longest match; everything else keeps the API's names."""
    request = {
        "ModelPackageGroupName": "my_group",
        "ModelApprovalStatus": "no",
        "CustomerMetadataProperties": {"a\n": "x"},
        "AdditionalInferenceSpecifications": [{"Name": "a b", "Containers": [{"Image": "i"}]}],
        "ModelCard": {"ModelCardStatus": "Final", "ModelCardContent": "a\nb"},
    }
    paths = [
        "ModelPackageGroupName",
        "approval_status",
        "customer_metadata_properties['a\\n']",
        "additional_inference_specifications[0].Name",
        "model_card_status",
        "model_card.ModelCardContent",
    ]
    for said in (said_at_parse(request, names=NAMES), said_when_run(request, names=NAMES)):
        assert len(said) == len(paths)
        assert [path for path, line in zip(paths, said, strict=True) if not line.startswith(f"{path} ")] == []


def test_what_was_found_elsewhere_is_said_with_the_rest() -> None:
    """Violations of the card and of the request are in one error."""
    more = [Violation("model_card.intended_uses", "x", "must be a mapping, not a text")]
    request = {"ModelPackageGroupName": "churn", "ModelApprovalStatus": "no"}
    for said in (said_at_parse(request, more=more), said_when_run(request, more=more)):
        assert [line.partition(" = ")[0] for line in said] == ["ModelApprovalStatus", "model_card.intended_uses"]
    good = registrations.smallest_registration()
    assert said_at_parse(good, more=more) == said_when_run(good, more=more) == [str(more[0])]


@pytest.mark.parametrize(
    ("path", "given", "sent"),
    [
        ("CertifyForMarketplace", "false", False),
        ("InferenceSpecification.Containers[0].Environment.WORKERS", 4, "4"),
        ("InferenceSpecification.Containers[0].IsCheckpoint", "True", True),
        ("CustomerMetadataProperties.fold", 5, "5"),
        ("CustomerMetadataProperties", '{"fold": "5"}', {"fold": "5"}),
        ("SkipModelValidation", "None", "None"),
    ],
)
def test_values_become_what_the_service_model_wants(path: str, given: Any, sent: Any) -> None:
    """A rendered template is a text or, natively, a number."""
    value: Any = checked_model_package(spoiled(registrations.smallest_registration(), steps(path), given))
    for step in steps(path):
        value = value[step]
    assert (value, type(value)) == (sent, type(sent))


def test_a_literal_number_in_metadata_is_refused_at_parse() -> None:
    """In a DAG file the text must be given; only a rendered number is converted."""
    request = registrations.smallest_registration() | {"CustomerMetadataProperties": {"fold": 5, "auc": 0.5}}
    assert said_at_parse(request) == [
        "CustomerMetadataProperties.fold = 5 must be a string, not an integer",
        "CustomerMetadataProperties.auc = 0.5 must be a string, not a number",
    ]


@pytest.mark.parametrize("blank", ["", None])
@pytest.mark.parametrize(
    "path",
    [
        "ModelPackageDescription",
        "ModelApprovalStatus",
        "CustomerMetadataProperties",
        "ModelCard.ModelCardStatus",
        "ModelLifeCycle",
        "ModelLifeCycle.Stage",
        "ClientToken",
    ],
)
def test_an_empty_text_leaves_an_optional_member_out(path: str, blank: Any) -> None:
    """Members that depend on it are left out, too; this also happens at parse."""
    request = spoiled(registrations.smallest_registration(), steps(path), blank)
    assert said_at_parse(request) == []
    assert checked_model_package(request) == registrations.smallest_registration()


def test_a_card_can_be_archived_by_an_update_only() -> None:
    """An archived card cannot be changed, so a version cannot be registered with one."""
    archived = {"ModelCard": {"ModelCardStatus": "Archived"}}
    assert said_when_run({"ModelPackageArn": registrations.VERSION_ARN, **archived}, update=True) == []
    assert said_when_run(registrations.smallest_registration() | archived) != []


@pytest.mark.parametrize("update", OPERATIONS)
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("InferenceSpecification.Containers[0].Environment.HF_TOKEN", "secret" * 200),
        ("InferenceSpecification.Containers[0].Environment.HF_TOKEN", ["secret"]),
        ("InferenceSpecification.Containers[0].Environment", '{"HF_TOKEN": "secret"'),
        ("InferenceSpecification.Containers", {"Environment": {"HF_TOKEN": "secret"}}),
        ("InferenceSpecification", [{"Containers": [{"Environment": {"HF_TOKEN": "secret"}}]}]),
    ],
)
def test_no_value_of_an_environment_is_told(path: str, value: Any, update: bool) -> None:
    """It may be a secret, whatever the violation is."""
    request = spoiled(copy.deepcopy(LARGEST[update]), steps(path), value)
    for said in (said_when_run(request, update=update), said_at_parse(request, update=update)):
        assert "secret" not in str(said)
    assert said_when_run(request, update=update)


def test_a_registration_that_holds_itself_is_refused() -> None:
    """YAML anchors can produce such a registration."""
    request = registrations.smallest_registration()
    request["ModelLifeCycle"] = request
    said = ["request must have at most 50 levels; does it contain itself?"]
    assert said_when_run(request) == said_at_parse(request) == said


TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.text("ab_.:/=+-@ é流\n,\u0301", max_size=300)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
WRITABLE = st.characters(categories=["L", "N", "Z"]) | st.sampled_from("_.:/=+-@ ")
METADATA = st.text(WRITABLE, min_size=1, max_size=130) | st.text(WRITABLE | st.characters(codec="utf-8"), max_size=4)
PLACES = sorted({(breach.kind, breach.path) for breach in BREACHES if breach.constraint == "type"})


@st.composite
def odd_registrations(draw: st.DrawFn) -> tuple[bool, dict[str, Any]]:
    """Valid requests with a few members of any value."""
    update, request = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from([path for kind, path in PLACES if kind == OPERATIONS[update]]))
        value = draw(st.sampled_from(["", "1", 1, "true", True, "None", "s3://b/k", "arn:x", 0.5, [], {}]) | JSON)
        try:
            request = spoiled(request, steps(path), value)
        except (AttributeError, IndexError, KeyError, TypeError):  # The request has no parent for this member.
            continue
    return update, request


@settings(max_examples=examples(300))
@given(odd_registrations())
def test_what_is_accepted_here_is_accepted_by_boto3_and_by_the_emulator(odd: tuple[bool, dict[str, Any]]) -> None:
    """Any request is refused as a whole or can be sent unchanged."""
    update, request = odd
    if said_when_run(request, update=update):
        event("refused")
        return
    event("accepted")
    ready = checked_model_package(request, update=update)
    assert not ParamValidator().validate(ready, BOTO3_SHAPES[update]).has_errors()
    check_request(OPERATIONS[update], ready)
    assert checked_model_package(ready, update=update) == ready


@settings(max_examples=examples(300))
@given(st.dictionaries(METADATA, METADATA, min_size=1, max_size=3))
@example({"k" * 128: "v" * 256})
@example({"Größe": "µ² 流失\u2028"})
def test_metadata_that_the_rules_let_pass_is_what_the_service_takes(metadata: dict[str, str]) -> None:
    """Python's character classes agree with the service model's patterns."""
    request = {"ModelPackageGroupName": "churn", "CustomerMetadataProperties": metadata}
    found = found_when_run(request)
    event("refused" if found else "accepted")
    if not found:
        check_request("CreateModelPackage", request)
    assert [violation.rule for violation in found if "must match" in violation.rule] == []


@given(st.dictionaries(TEXT, JSON), st.booleans())
def test_no_tree_is_too_odd_to_be_refused(tree: dict[str, Any], update: bool) -> None:
    """No other error is raised, at parse or when the task runs."""
    assert said_when_run(tree, update=update)
    assert said_at_parse(tree, update=update)
