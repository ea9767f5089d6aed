"""Assets are known by a group's name, are told of by the tasks that have something to tell, and are read by any."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Asset, AssetAlias, BaseOperator
from airflow.sdk.execution_time.comms import AssetEventDagRunReferenceResult
from airflow.sdk.execution_time.context import OutletEventAccessors, TriggeringAssetEventsAccessor
from airflow.sdk.lineage import HookLineageCollector
from hypothesis import given, strategies as st

from airflow_sagemaker_automl import approved, approved_version, approved_versions, registered, registered_version
from airflow_sagemaker_automl.assets.events import ModelVersion, emit_approval_event, emit_registration_events
from tests.core.registry.test_model_version import EXTRA
from tests.support.jobs import unique
from tests.support.versions import decide, described, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType

_ARN = "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:model-package-group/churn"
_LONGEST = "a" * 63


@pytest.mark.parametrize(
    ("group", "name"), [("churn", "churn"), (_ARN, "churn"), ("A-1--b", "A-1--b"), (_LONGEST,) * 2]
)
def test_an_asset_is_known_by_the_name_of_its_group(group: str, name: str) -> None:
    """A name, or an ARN's; the asset's own name is its URI, so that whoever writes the URI alone means the same."""
    assert registered(group) == Asset(f"sagemaker://model-package-groups/{name}")
    assert approved(group) == Asset(f"sagemaker://model-package-groups/{name}/approved")
    assert approved(group).name == approved(group).uri


@pytest.mark.parametrize("make", [registered, approved])
@pytest.mark.parametrize(
    ("group", "fault"),
    [
        ("{{ params.group }}", "must be a literal name"),
        ("churn-{% if true %}a{% endif %}", "must be a literal name"),
        (SimpleNamespace(), "must be a literal name"),
        ("", "is neither the name"),
        ("-churn", "is neither the name"),
        ("churn-", "is neither the name"),
        ("churn_rate", "is neither the name"),
        ("churn/approved", "is neither the name"),
        ("chürn", "is neither the name"),
        ("churn\n", "is neither the name"),
        ("a" * 64, "is neither the name"),
        (_ARN.replace("model-package-group", "model-package") + "/3", "is neither the name"),
    ],
)
def test_what_names_no_group_is_refused_at_parse(make: Callable[[Any], Asset], group: Any, fault: str) -> None:
    """With what was given in the message."""
    with pytest.raises(ValueError, match=fault) as refused:
        make(group)
    assert repr(group) in str(refused.value)


@pytest.mark.parametrize(
    "uri",
    [
        "sagemaker://model-package-group/churn",
        "sagemaker://model-package-groups",
        "sagemaker://model-package-groups/",
        "sagemaker://model-package-groups/churn/rejected",
        "sagemaker://model-package-groups/churn/approved/3",
        "sagemaker://model-package-groups/chu_rn",
        "sagemaker://model-package-groups/churn?version=3",
        "sagemaker://somebody@model-package-groups/churn",
        "sagemaker:model-package-groups/churn",
    ],
)
def test_a_misspelt_uri_is_refused_at_parse(uri: str) -> None:
    """Airflow has our handler for the scheme, and its message says which assets there are."""
    asset = "sagemaker://model-package-groups/<group>"
    right = f"{asset}, {asset}/approved or {asset}/scored"
    with pytest.raises(ValueError, match="is not a SageMaker asset") as refused:
        Asset(uri)
    assert right in str(refused.value)


@pytest.mark.parametrize(
    "uri",
    [
        "SageMaker://Model-Package-Groups/churn/approved/",
        "sagemaker://model-package-groups/churn/approved#today",
    ],
)
def test_spellings_of_the_same_uri_are_the_same(uri: str) -> None:
    """What does not depend on case is in lower case; Airflow drops fragments and slashes at the end."""
    assert Asset(name="mine", uri=uri).uri == approved("churn").uri


def test_hook_lineage_can_make_the_assets() -> None:
    """Airflow knows the scheme's factory; hooks name what they touch by scheme and arguments."""
    make = HookLineageCollector().create_asset
    assert make(scheme="sagemaker", asset_kwargs={"model_package_group": "churn"}) == registered("churn")
    arguments = {"model_package_group": _ARN, "only_approved": True}
    told = make(scheme="sagemaker", asset_kwargs=arguments, asset_extra={"a": 1})
    assert told is not None
    assert (told.uri, told.extra) == (approved("churn").uri, {"a": 1})


def test_importing_them_loads_no_aws_sdk() -> None:
    """A DAG file that is only scheduled on an approval pays for Airflow's assets alone."""
    code = (
        "import sys; from airflow.sdk import Asset, BaseOperator; before = set(sys.modules)\n"
        "import airflow_sagemaker_automl.assets.events\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(result.stdout.splitlines()[-1].replace("'", '"')))
    assert "airflow_sagemaker_automl" in loaded
    assert not {"boto3", "botocore", "jsonschema", "requests"} & loaded


def extra_of(group: str = "churn", number: int = 3, **changes: Any) -> dict[str, Any]:
    """Write the extra of an event about a version of a group, and change some of it afterwards."""
    arn = f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/{group}/{number}"
    identity = {"model_package_arn": arn, "model_package_group_name": group, "model_package_version": number}
    return {**EXTRA, **identity, **changes}


def event(asset: Asset, group: str = "churn", number: int = 3, **changes: Any) -> AssetEventDagRunReferenceResult:
    """Make an event as a task is given it."""
    return AssetEventDagRunReferenceResult.model_validate(
        {
            "asset": {"name": asset.name, "uri": asset.uri, "extra": {}},
            "extra": extra_of(group, number, **changes),
            "source_task_id": None,
            "source_dag_id": None,
            "source_run_id": None,
            "source_map_index": None,
            "source_aliases": [],
            "timestamp": "2026-05-04T03:02:01Z",
        }
    )


def run_of(*events: AssetEventDagRunReferenceResult) -> TriggeringAssetEventsAccessor:
    """Give a run's ``triggering_asset_events``."""
    return TriggeringAssetEventsAccessor.build(events)


def test_a_version_is_read_from_whatever_a_task_has_at_hand() -> None:
    """The events that have started a run, those of one asset, one of them, as an object or in JSON, or its extra."""
    one = event(approved("churn"))
    wrapped = {"from_trigger": True, "payload": EXTRA}
    events = run_of(one)
    for source in (events, events[approved("churn")], [one], one, one.model_dump(), EXTRA, wrapped, {"extra": wrapped}):
        assert approved_version(source) == ModelVersion.from_extra(EXTRA)
        assert registered_version(source if source is not events else [one]) == ModelVersion.from_extra(EXTRA)


def test_only_events_on_approvals_are_read_as_such() -> None:
    """Among the events that start a run may be a registration's and those of other assets."""
    events = run_of(
        event(Asset("s3://bucket/key")),
        event(registered("churn"), number=4, modified="2026-06-01T00:00:00Z"),
        event(approved("churn")),
    )
    assert approved_version(events).model_package_version == 3
    assert registered_version(events).model_package_version == 4


def test_the_last_change_counts() -> None:
    """Whatever the order of the events: one may have been late, or told again."""
    events = [event(approved("churn"), number=number, modified=f"2026-05-0{number}T00:00:00Z") for number in (2, 3, 1)]
    assert approved_version(run_of(*events)).model_package_version == 3
    assert approved_version(events[::-1]).model_package_version == 3


def test_all_that_was_approved_is_listed_once_by_number() -> None:
    """As it was told last, the newest version first, whichever was approved last."""
    numbers = ((2, "2026-05-01"), (10, "2026-05-02"), (9, "2026-05-04"), (10, "2026-05-03"))
    events = [event(approved("churn"), number=number, modified=f"{day}T00:00:00Z") for number, day in numbers]
    told = approved_versions(run_of(*events, event(registered("churn"))))
    assert [(version.model_package_version, version.modified.day) for version in told] == [(10, 3), (9, 4), (2, 1)]
    with pytest.raises(ValueError, match="There is no event"):
        approved_versions(run_of())


def test_approvals_in_several_groups_are_told_apart_by_name() -> None:
    """By name or ARN, without regard to case; which one is meant is not guessed."""
    events = run_of(event(approved("churn")), event(approved("fraud"), "fraud"))
    assert approved_version(events, "fraud").model_package_group_name == "fraud"
    assert approved_version(events, _ARN).model_package_group_name == "churn"
    assert approved_version(events, "Churn").model_package_group_name == "churn"
    in_capitals = event(approved("churn"), model_package_group_name="CHURN")
    assert approved_version(run_of(event(approved("churn")), in_capitals)).model_package_version == 3
    with pytest.raises(ValueError, match="several model package groups, churn, fraud: pass one"):
        approved_version(events)
    with pytest.raises(ValueError, match="no event of sagemaker://model-package-groups/other/approved"):
        approved_version(events, "other")


@pytest.mark.parametrize("events", [run_of(), run_of(event(registered("churn"))), [], {}])
def test_a_run_that_no_approval_has_started_says_so(events: Any) -> None:
    """As one that a person has triggered."""
    with pytest.raises(ValueError, match="no event of sagemaker://model-package-groups/<group>/approved"):
        approved_version(events)


def test_what_is_not_approved_is_never_read_as_approved() -> None:
    """Anybody may make an event, with any content."""
    with pytest.raises(ValueError, match="churn/3 is Rejected, not Approved"):
        approved_version(run_of(event(approved("churn"), approval_status="Rejected")))


def test_an_event_that_says_nothing_does_not_hide_one_that_does(caplog: pytest.LogCaptureFixture) -> None:
    """Alone it is refused; beside an approval it is logged."""
    empty = event(approved("churn"))
    empty.extra.clear()
    with pytest.raises(ValueError, match="model_package_arn is missing"):
        approved_version(run_of(empty))
    with caplog.at_level(logging.WARNING):
        assert approved_version(run_of(empty, event(approved("churn")), empty)).model_package_version == 3
    assert caplog.text.count("This event is ignored") == 2


_ELSEWHERE = "arn:aws:sagemaker:eu-west-1:999999999999:model-package/fraud/3"


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ({"model_package_arn": _ELSEWHERE}, "model_package_group_name is 'churn', but 'fraud' in the ARN"),
        ({"model_package_arn": _ELSEWHERE}, "account is '123456789012', but '999999999999' in the ARN"),
        ({"model_package_version": 99}, "model_package_version is 99, but 3 in the ARN"),
        ({"model_package_group_name": "chur\N{FULLWIDTH LATIN SMALL LETTER N}"}, "but 'churn' in the ARN"),
        ({"region": "us-east-1"}, "region is 'us-east-1', but 'eu-west-1' in the ARN"),
        ({"group": "fraud"}, "model_package_group_name is 'fraud', but the event is on an asset of 'churn'"),
        ({"model_package_version": 10**5000}, "model_package_version is a number with thousands of digits"),
        ({"modified": "0001-01-01T00:00:00+14:00"}, "modified is '0001-01-01T00:00:00+14:00'"),
        ({"modified": "9999-12-31T23:59:59-14:00"}, "modified is '9999-12-31T23:59:59-14:00'"),
    ],
)
def test_an_event_that_contradicts_itself_carries_no_version(
    bad: dict[str, Any], fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Alone it is refused, and the message says why; a good event beside it is found."""
    forged = event(approved("churn"), **bad)
    for source in (run_of(forged), [forged], forged, [forged.model_dump()]):
        with pytest.raises(ValueError, match="carries no model version") as refused:
            approved_version(source, "churn")
        assert fault in str(refused.value)
    good = event(approved("churn"), number=2)
    for source in (run_of(forged, good), [forged, good], [good.model_dump(), forged.model_dump()]):
        assert approved_version(source, "churn").model_package_version == 2
        assert [version.model_package_version for version in approved_versions(source)] == [2]
    assert fault in caplog.text


@pytest.mark.parametrize("number", [10**400, -(10**400), float("inf"), float("nan")])
def test_a_figure_that_no_float_holds_does_not_hide_the_version(number: float) -> None:
    """The objective's value is optional, so that one which cannot be a figure is none."""
    assert approved_version(run_of(event(approved("churn"), objective_value=number))).objective_value is None


def test_the_asset_of_an_event_counts_however_the_event_is_given() -> None:
    """As an object, as its JSON, and as Airflow's REST API writes it; an extra alone has no asset."""
    forged = extra_of("fraud")
    by_rest = {"uri": approved("churn").uri, "name": approved("churn").uri, "extra": forged}
    for source in (by_rest, {"asset": by_rest, "extra": forged}):
        with pytest.raises(ValueError, match="but the event is on an asset of 'churn'"):
            approved_version(source)
    assert approved_version(forged).model_package_group_name == "fraud"


def test_an_extra_may_have_a_key_of_the_authors_that_is_called_extra() -> None:
    """It is an extra all the same, and no event around one."""
    assert approved_version({**EXTRA, "extra": 5}) == ModelVersion.from_extra(EXTRA)


def test_the_event_of_the_group_that_is_asked_for_says_why_it_is_refused() -> None:
    """Although there is a good event of another group."""
    events = run_of(event(approved("churn"), model_package_version=99), event(approved("fraud"), "fraud"))
    with pytest.raises(ValueError, match="model_package_version is 99, but 3 in the ARN"):
        approved_version(events, "churn")


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_TIMES = st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-05-04T03:02:01Z"])
_EXTRAS = st.dictionaries(
    st.sampled_from([*EXTRA, "from_trigger", "payload", "extra", "asset", "uri"]), _JSON | _TIMES, max_size=8
)


@given(changes=_EXTRAS, wraps=st.booleans())
def test_whatever_an_extra_holds_only_the_documented_error_escapes(changes: dict[str, Any], wraps: bool) -> None:
    """What is read agrees with itself, and a good event beside it is found."""
    extra: Any = {"from_trigger": True, "payload": {**EXTRA, **changes}} if wraps else {**EXTRA, **changes}
    bad = SimpleNamespace(asset=approved("churn"), extra=extra)
    with suppress(ValueError):
        version = approved_version([bad])
        place = f"/{version.model_package_group_name}/{version.model_package_version}"
        assert version.model_package_arn.endswith(place.lower())
        assert json.dumps(version.to_extra(), allow_nan=False)
    good = event(approved("churn"), number=2, modified="9999-12-30T00:00:00Z")
    assert approved_version([bad, good]).model_package_version == 2


@given(source=_JSON, extra=_JSON)
def test_whatever_is_handed_in_only_the_documented_error_escapes(source: Any, extra: Any) -> None:
    """Texts, numbers, lists of anything, and events whose extra is nothing of the kind."""
    for each in (source, [source], {approved("churn"): source}, SimpleNamespace(extra=extra), {"extra": extra}):
        with pytest.raises(ValueError, match=r"carries no model version|is not an asset event|There is no event"):
            approved_version(each)


@pytest.mark.parametrize("source", [None, 3, "churn"])
def test_what_is_no_event_is_refused(source: Any) -> None:
    """With the way to do it right."""
    with pytest.raises(ValueError, match="is not an asset event; pass triggering_asset_events"):
        approved_version(source)


class Told:
    """A task that has outlets, and what its run would tell.

    :param outlets: of the task.
    """

    def __init__(self, *outlets: Any) -> None:
        self.declared = list(outlets)
        self.task = BaseOperator(task_id="tell", outlets=self.declared).prepare_for_execution()
        self.context: Any = {"outlet_events": OutletEventAccessors()}

    @property
    def events(self) -> dict[str, dict[str, Any]]:
        """URI → ``extra`` of each event that Airflow makes of the outlets that the task has left."""
        return {outlet.uri: self.context["outlet_events"][outlet].extra for outlet in self.task.outlets}


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected", "Approved"])
def test_a_registration_is_told_and_its_approval_if_there_is_one(status: str, sagemaker: SageMakerClient) -> None:
    """The extra is the registry's record; an outlet that is not due leaves the task, and other outlets stay."""
    group = unique("group")
    description = described(sagemaker, register(sagemaker, group, ModelApprovalStatus=status))
    other = Asset("s3://bucket/key")
    told = Told(registered(group), other, approved(group))
    emit_registration_events(told.task, told.context, description)
    extra = ModelVersion.from_description(description).to_extra()
    due = {registered(group).uri: extra, other.uri: {}}
    assert told.events == (due | {approved(group).uri: extra} if status == "Approved" else due)
    assert extra["approval_status"] == status
    assert len(told.declared) == 3


@pytest.mark.parametrize(
    ("asked", "status", "is_told"),
    [
        ("Approved", "Approved", True),
        ("Approved", "Rejected", False),
        ("Rejected", "Rejected", False),
        (None, "Approved", False),
        ("PendingManualApproval", "Approved", False),
    ],
)
def test_an_update_tells_of_the_approval_that_it_was_for(
    asked: str | None, status: ModelApprovalStatusType, is_told: bool, sagemaker: SageMakerClient
) -> None:
    """Not of another change of an approved version, nor of an approval that somebody has taken back meanwhile."""
    group = unique("group")
    arn = register(sagemaker, group)
    decide(sagemaker, arn, status)
    told = Told(registered(group), approved(group))
    emit_approval_event(told.task, told.context, described(sagemaker, arn), asked)
    assert list(told.events) == ([approved(group).uri] if is_told else [])
    assert all(extra["approval_description"] == "Good enough" for extra in told.events.values())


def test_outlets_of_another_group_are_not_told(sagemaker: SageMakerClient, capsys: pytest.CaptureFixture[str]) -> None:
    """An event on them would be wrong; both groups are named, since one of them is a mistake."""
    group = unique("group")
    description = described(sagemaker, register(sagemaker, group, ModelApprovalStatus="Approved"))
    told = Told(registered("elsewhere"), approved(group))
    emit_registration_events(told.task, told.context, description)
    assert list(told.events) == [approved(group).uri]
    assert f"belongs to model package group '{group}', the outlet to 'elsewhere'" in capsys.readouterr().out


def test_a_group_is_the_same_in_any_case(sagemaker: SageMakerClient) -> None:
    """An ARN may have its name in lower case."""
    description = described(sagemaker, register(sagemaker, unique("Group")))
    told = Told(registered(description["ModelPackageGroupName"].lower()))
    emit_registration_events(told.task, told.context, description)
    assert [extra["model_package_arn"] for extra in told.events.values()] == [description["ModelPackageArn"]]


def test_what_the_author_tells_beside_is_kept(sagemaker: SageMakerClient) -> None:
    """A hook of the task may have filled the event before; the version's own members win."""
    group = unique("group")
    description = described(sagemaker, register(sagemaker, group))
    told = Told(registered(group))
    told.context["outlet_events"][registered(group)].extra = {"team": "risk", "approval_status": "?"}
    emit_registration_events(told.task, told.context, description)
    version = ModelVersion.from_description(description)
    assert told.events == {registered(group).uri: {"team": "risk", **version.to_extra()}}


def test_a_task_without_such_outlets_tells_nothing(sagemaker: SageMakerClient) -> None:
    """Whatever else its outlets are, and however little there is of a context."""
    description = described(sagemaker, register(sagemaker, unique("group")))
    for outlets in ([], [Asset("s3://bucket/key"), AssetAlias("models"), Asset.ref(name="mine")]):
        told = Told(*outlets)
        emit_registration_events(told.task, {}, description)
        emit_approval_event(told.task, {}, description, "Approved")
        assert told.task.outlets == outlets


def test_a_package_without_a_group_tells_nothing(sagemaker: SageMakerClient) -> None:
    """It is of no group, so each outlet is of another one."""
    description = described(sagemaker, register(sagemaker, "churn", ModelApprovalStatus="Approved"))
    del description["ModelPackageGroupName"]
    told = Told(registered("churn"), approved("churn"))
    emit_approval_event(told.task, told.context, description, "Approved")
    assert told.events == {}


@pytest.mark.parametrize("status", ["InProgress", "Failed"])
def test_an_approved_version_that_is_not_completed_is_not_told(sagemaker: SageMakerClient, status: str) -> None:
    """No model can be made of it."""
    description = described(sagemaker, register(sagemaker, "churn", ModelApprovalStatus="Approved"))
    told = Told(approved("churn"))
    emit_approval_event(told.task, told.context, {**description, "ModelPackageStatus": status}, "Approved")
    assert told.events == {}
