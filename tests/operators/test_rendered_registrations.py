"""What templates render to, texts and numbers, is registered as what it stands for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator, SageMakerUpdateModelPackageOperator
from airflow_sagemaker_automl.core.registry.model_package import Metadata
from airflow_sagemaker_automl.tasks.registration_fields import RegistrationRefusedAtParse, with_extra_members
from tests.support.jobs import unique

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


LATER: Any = "{{ later }}"


def registration(job_name: str, group: str, **rendered: Any) -> SageMakerRegisterCandidateOperator:
    """Make an operator whose arguments were templates, as a worker has it."""
    task = SageMakerRegisterCandidateOperator(
        task_id="register",
        job_name=job_name,
        model_package_group_name=group,
        deferrable=False,
        **dict.fromkeys(rendered, LATER),
    )
    for name, value in rendered.items():
        setattr(task, name, value)
    return task


def test_texts_of_json_are_what_they_hold(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """They leave the operator's own metadata in its place, so that the version is found again."""
    group = unique("group")
    specification = '[{"Name": "neo", "Containers": [{"Image": "image:1"}], "SupportedContentTypes": ["text/csv"]}]'
    arguments = {
        "customer_metadata_properties": '{"fold": "5"}',
        "additional_inference_specifications": specification,
        "inference_response_keys": '["predicted_label", "probability"]',
        "content_types": '["text/csv"]',
        "extra_request": '{"Domain": "MACHINE_LEARNING"}',
    }
    result = registration(completed_job, group, **arguments).execute(context)
    version = sagemaker.describe_model_package(ModelPackageName=result["model_package_arn"])
    assert version["CustomerMetadataProperties"]["fold"] == "5"
    assert Metadata.REQUEST_DIGEST in version["CustomerMetadataProperties"]
    assert [entry["Name"] for entry in version["AdditionalInferenceSpecifications"]] == ["neo"]
    environment = version["InferenceSpecification"]["Containers"][-1]["Environment"]
    assert environment["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label,probability"
    assert version["Domain"] == "MACHINE_LEARNING"
    assert registration(completed_job, group, **arguments).execute(context) == result


def test_native_numbers_become_texts_of_metadata(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """``{{ ds_nodash }}`` is a number where a DAG renders natively, and one version with the text."""
    group = unique("group")
    native = registration(completed_job, group, customer_metadata_properties={"day": 20260131}).execute(context)
    version = sagemaker.describe_model_package(ModelPackageName=native["model_package_arn"])
    assert version["CustomerMetadataProperties"]["day"] == "20260131"
    texts = registration(completed_job, group, customer_metadata_properties={"day": "20260131"})
    assert texts.execute(context) == native


@pytest.mark.parametrize(
    ("given", "extra"),
    [
        ('{"a": "b"}', {"CustomerMetadataProperties": {"c": "d"}}),
        ({"a": "b"}, {"CustomerMetadataProperties": '{"c": "d"}'}),
        ('{"a": "b"}', '{"CustomerMetadataProperties": "{\\"c\\": \\"d\\"}"}'),
    ],
)
def test_texts_of_json_are_merged_like_mappings(
    given: Any, extra: Any, context: Any, completed_job: str, sagemaker: SageMakerClient
) -> None:
    """Mapping by mapping, whichever side has become a text; nothing is lost without a word."""
    task = registration(completed_job, unique("group"), customer_metadata_properties=given, extra_request=extra)
    arn = task.execute(context)["model_package_arn"]
    properties = sagemaker.describe_model_package(ModelPackageName=arn)["CustomerMetadataProperties"]
    assert (properties["a"], properties["c"]) == ("b", "d")


def test_blank_further_members_still_leave_a_member_out() -> None:
    """An empty text over an argument takes it away, on its own and inside of a mapping."""
    blank = {"Domain": "", "MetadataProperties": {"CommitId": ""}}
    members = with_extra_members({"Domain": "NLP", "MetadataProperties": '{"CommitId": "a", "ProjectId": "b"}'}, blank)
    assert members == {"MetadataProperties": {"ProjectId": "b"}}


def test_truth_values_of_metadata_are_to_be_quoted(context: Any, emulator_url: str) -> None:
    """How one was written, as true, True or yes, is lost by native rendering; nothing is guessed."""
    task = registration("job", "group", customer_metadata_properties={"fast": True, "reviewed": "false"})
    with pytest.raises(AirflowFailException) as refused:
        task.execute(context)
    assert str(refused.value).endswith(
        "cannot be sent: customer_metadata_properties.fast = True must be a string, not true; quote it: 'true'"
    )


def test_a_text_that_holds_no_mapping_is_judged_as_it_is(context: Any, completed_job: str) -> None:
    """It is no mapping that others could be put over."""
    task = registration(completed_job, unique("group"), customer_metadata_properties="{", domain="OTHER")
    with pytest.raises(AirflowFailException, match="must be a mapping, not a string"):
        task.execute(context)


def test_a_mapping_over_a_template_is_judged_when_both_are_known() -> None:
    """Alone it would lack what the template brings; over nothing it is judged at once."""
    given: Any = {"job_name": "job", "model_package_group_name": "group"}
    extra = {"ModelLifeCycle": {"StageDescription": "from a DAG"}, "ModelCard": {"ModelCardStatus": "Archived"}}
    with pytest.raises(RegistrationRefusedAtParse) as refused:
        SageMakerRegisterCandidateOperator(task_id="task", **given, model_life_cycle=LATER, extra_request=extra)
    assert [violation.path for violation in refused.value.violations] == ["model_card_status"]
    with pytest.raises(RegistrationRefusedAtParse) as refused:
        SageMakerRegisterCandidateOperator(task_id="task", **given, extra_request=extra)
    assert {violation.path for violation in refused.value.violations} >= {"model_life_cycle.Stage"}


def test_a_source_that_cannot_be_set_is_refused_before_anything_is_registered(
    context: Any, completed_job: str, sagemaker: SageMakerClient
) -> None:
    """With all else that is wrong, since it would be sent when the version is there."""
    group = unique("group")
    task = registration(completed_job, group, source_uri=["s"], approval_status="Perhaps")
    with pytest.raises(AirflowFailException) as refused:
        task.execute(context)
    assert "source_uri = ['s'] must be a string, not a list" in str(refused.value)
    assert "approval_status = 'Perhaps'" in str(refused.value)
    assert not sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]


def test_a_source_that_became_a_number_is_the_text(
    context: Any, completed_job: str, sagemaker: SageMakerClient
) -> None:
    """As any other text of a request that a DAG renders natively."""
    arn = registration(completed_job, unique("group"), source_uri=12).execute(context)["model_package_arn"]
    assert sagemaker.describe_model_package(ModelPackageName=arn)["SourceUri"] == "12"


@pytest.mark.parametrize("name", [" card.YAML\n", "card.JSON"])
def test_a_cards_file_may_be_named_in_other_ways(
    name: str, context: Any, completed_job: str, sagemaker: SageMakerClient, tmp_path: Path
) -> None:
    """With white space that a template has left around it, and with capitals; in a DAG file as well."""
    (tmp_path / name.strip()).write_text('{"intended_uses": {"purpose_of_model": "{{ ti.task_id }}"}}')
    with DAG("dag", schedule=None, template_searchpath=str(tmp_path)):
        arguments: Any = {"job_name": completed_job, "model_package_group_name": unique("group"), "deferrable": False}
        task = SageMakerRegisterCandidateOperator(task_id="register", model_card=name, **arguments)
    arn = task.execute(context)["model_package_arn"]
    card = json.loads(sagemaker.describe_model_package(ModelPackageName=arn)["ModelCard"]["ModelCardContent"])
    assert card["intended_uses"]["purpose_of_model"] == "train"


def test_a_cards_file_that_cannot_be_rendered_says_so(context: Any, emulator_url: str, tmp_path: Path) -> None:
    """It is there, so that nobody has to look for it."""
    (tmp_path / "card.yaml").write_text("{{ nobody.knows }}")
    with DAG("dag", schedule=None, template_searchpath=str(tmp_path)):
        arguments: Any = {"job_name": "job", "model_package_group_name": "group"}
        task = SageMakerRegisterCandidateOperator(task_id="register", model_card="card.yaml", **arguments)
    words = "model_card = 'card.yaml' exists, but its template cannot be rendered: UndefinedError: 'nobody' is undef"
    with pytest.raises(AirflowFailException, match=words):
        task.execute(context)


_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_BOMB, "has more than 50000 keys and values"),
        ("day: 2024-02-31", "is not valid YAML: line 1: '2024-02-31' is not a valid timestamp"),
        ("[" * 1000, "is nested too deep: more than 50 levels"),
        (f"size: 0x{'f' * 5000}", "has a number with more than 100 digits"),
        ("{{ 1/0 }}", "its template cannot be rendered: ZeroDivisionError"),
        (None, "is a pipe, not a regular file"),
    ],
    ids=["bomb", "date", "deep", "number", "template", "pipe"],
)
def test_a_cards_file_that_cannot_be_read_fails_without_a_retry(
    text: str | None, words: str, context: Any, emulator_url: str, tmp_path: Path
) -> None:
    """In one sentence, within limits, and before anything is asked of AWS."""
    path = tmp_path / "card.yaml"
    if text is None:
        os.mkfifo(path)
    else:
        path.write_text(text)
    with DAG("dag", schedule=None, template_searchpath=str(tmp_path)):
        arguments: Any = {"job_name": "job", "model_package_group_name": "group"}
        task = SageMakerRegisterCandidateOperator(task_id="register", model_card="card.yaml", **arguments)
    with pytest.raises(AirflowFailException, match=words) as refused:
        task.execute(context)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ('{"intended_uses": {"risk_rating": "Low"}}', None),
        ('{"intended_uses": {"risk_rating": "{{ later }}"}}', None),
        (' {"intended_uses": {"risk_rating": "Tiny"}}', "intended_uses.risk_rating = 'Tiny' must be one of"),
        ('{"intended_uses": ', "is not valid JSON: Expecting value"),
    ],
)
def test_a_card_that_is_a_text_of_json_is_judged_at_parse(card: str, words: str | None) -> None:
    """Like the mapping that it holds, where it holds no template."""
    said = None
    try:
        SageMakerRegisterCandidateOperator(
            task_id="register", job_name="job", model_package_group_name="group", model_card=card
        )
    except RegistrationRefusedAtParse as refused:
        said = str(refused)
    assert words in said if words and said else said == words


@pytest.mark.parametrize("keys", [["", ""], ["", " probability "], '["probability", ""]', "probability,, "])
def test_empty_response_keys_are_dropped(
    keys: Any, context: Any, completed_job: str, sagemaker: SageMakerClient
) -> None:
    """A template for a key may have become nothing; without any the model answers as it would."""
    result = registration(completed_job, unique("group"), inference_response_keys=keys).execute(context)
    version = sagemaker.describe_model_package(ModelPackageName=result["model_package_arn"])
    environment = version["InferenceSpecification"]["Containers"][-1]["Environment"]
    expected = "probability" if "probability" in str(keys) else "predicted_label"
    assert environment["SAGEMAKER_INFERENCE_OUTPUT"] == expected


def test_an_update_may_be_known_only_when_it_runs(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """All of its changes can come by a template for ``extra_request``."""
    arn = registration(completed_job, unique("group")).execute(context)["model_package_arn"]
    task = SageMakerUpdateModelPackageOperator(task_id="update", model_package_arn=LATER, extra_request=LATER)
    task.model_package_arn, task.extra_request = arn, {"ModelApprovalStatus": "Rejected"}
    assert task.execute(context)["approval_status"] == "Rejected"
