"""A test session notices where the table of permissions and the calls that Airflow makes differ."""

from __future__ import annotations

from airflow_sagemaker_automl.emulator.calls import Call
from airflow_sagemaker_automl.permissions.features import FEATURES
from airflow_sagemaker_automl.permissions.terms import Feature, Permission, Resource
from tests.support.permission_check import Judgement, judged

START = Permission(action="sagemaker:CreateAutoMLJobV2", on=(Resource.JOB,), why="starts")
TAG = Permission(action="sagemaker:AddTags", on=(Resource.JOB,), why="implied", is_implied=True)
LIST = Permission(
    action="s3:ListBucket", on=(Resource.BUCKET,), why="lists", operations=("HeadBucket", "ListObjectsV2")
)
TABLE = {
    "train": Feature(name="train", title="Train", used_by=("Trainer",), permissions=(START, TAG)),
    "look": Feature(name="look", title="Look", used_by=("Looker",), permissions=(LIST,)),
}
STARTED = Call("sagemaker", "CreateAutoMLJobV2", "Trainer")
LISTED = Call("s3", "ListObjectsV2", "Unknown")


def test_a_table_that_fits_the_calls_is_right() -> None:
    """An action may allow operations that are called otherwise, one of which is enough; implied ones need no call."""
    assert judged([STARTED, LISTED], TABLE) == Judgement()


def test_a_call_that_no_permission_allows_is_named_with_its_caller() -> None:
    """Whoever adds a call to an operator is told to add its permission."""
    calls = [STARTED, LISTED, Call("sagemaker", "Search", "Trainer"), Call("s3", "GetObject", "Unknown")]
    expected = ["s3:GetObject, called by Unknown", "sagemaker:Search, called by Trainer"]
    assert judged(calls, TABLE) == Judgement(not_allowed=expected)


def test_an_operator_needs_the_permissions_of_its_own_features() -> None:
    """The policy of one feature must do for its operators, whatever other features allow."""
    looking = STARTED._replace(airflow="Looker")
    assert judged([STARTED, LISTED, looking], TABLE).not_allowed == ["sagemaker:CreateAutoMLJobV2, called by Looker"]


def test_a_permission_that_nothing_needs_is_named() -> None:
    """A policy that grows with nobody's need is not the least one; what others than Airflow call is no need."""
    assert judged([STARTED, LISTED._replace(airflow=None)], TABLE) == Judgement(never_made=["s3:ListBucket"])


def test_a_call_that_only_an_implied_permission_allows_is_not_allowed() -> None:
    """An action is implied because nothing calls it; once something does, it has to say so."""
    tagged = Call("sagemaker", "AddTags", "Trainer")
    assert judged([STARTED, LISTED, tagged], TABLE).not_allowed == ["sagemaker:AddTags, called by Trainer"]


def test_calls_of_people_and_tests_say_nothing() -> None:
    """Plain boto3 clients fill buckets and look at what has come of it."""
    assert judged([STARTED, LISTED, Call("s3", "PutObject", None)], TABLE) == Judgement()


def test_every_feature_is_judged() -> None:
    """Without any call, each action of the real table that is not implied is one too many."""
    actions = {each.action for feature in FEATURES.values() for each in feature.permissions if not each.is_implied}
    assert judged([]) == Judgement(never_made=sorted(actions))
