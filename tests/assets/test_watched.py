"""The watched asset of approvals: what it is called, what watches it, and what it costs a DAG file."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, AssetAny
from airflow.serialization.serialized_objects import DagSerialization

from airflow_sagemaker_automl import approvals_watched, approved, approved_version
from airflow_sagemaker_automl.triggers.approvals import ModelApprovalsTrigger
from tests.core.registry.test_model_version import EXTRA

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/churn"
PLACE = "sagemaker://model-package-groups/churn/approved/watched"


@pytest.mark.parametrize(
    ("group", "arguments", "uri"),
    [
        ("churn", {}, f"{PLACE}/aws_default"),
        ("churn", {"aws_conn_id": None}, f"{PLACE}/boto3"),
        ("churn", {"aws_conn_id": "prod", "region_name": "eu-west-1"}, f"{PLACE}/prod/eu-west-1"),
        ("churn", {"aws_conn_id": "a/b c"}, f"{PLACE}/a%2Fb%20c"),
        (ARN, {}, f"{PLACE}/aws_default/us-east-1/123456789012"),
        (
            "churn",
            {"poll_interval": 5, "verify": False, "botocore_config": {"read_timeout": 5}},
            f"{PLACE}/aws_default",
        ),
    ],
)
def test_the_name_says_what_is_watched(group: str, arguments: dict[str, Any], uri: str) -> None:
    """The same group by the same connection is the same asset in all files; others have others."""
    asset = approvals_watched(group, **arguments)
    assert (asset.name, asset.uri) == (uri, uri)
    assert asset == approvals_watched(group, **arguments)


def test_its_watcher_has_all_arguments() -> None:
    """The interval may be a timedelta; the watcher has a name that never changes."""
    arguments: dict[str, Any] = {
        "aws_conn_id": "prod",
        "region_name": "eu-west-1",
        "verify": False,
        "botocore_config": {"retries": {}},
    }
    (watcher,) = approvals_watched("churn", **arguments, poll_interval=timedelta(minutes=5)).watchers
    assert watcher.name == "approvals/prod/eu-west-1"
    assert isinstance(watcher.trigger, ModelApprovalsTrigger)
    assert watcher.trigger.serialize()[1] == {"group": "churn", **arguments, "poll_interval": 300.0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"group": "{{ params.group }}"}, "must be a literal name"),
        ({"group": "no group"}, "is neither the name of a model package group"),
        ({"group": None}, "must be a literal name"),
        ({"group": "churn", "poll_interval": 0}, "must be more than 0 s"),
        ({"group": "churn", "poll_interval": timedelta(0)}, "must be more than 0 s"),
    ],
)
def test_a_mistake_is_found_when_the_dag_is_read(arguments: dict[str, Any], words: str) -> None:
    """Nothing that could only be found by the triggerer is let through."""
    with pytest.raises(ValueError, match=words):
        approvals_watched(**arguments)


def test_what_the_watcher_tells_is_read_like_what_tasks_tell() -> None:
    """In a run that both have started, too."""
    event = {"extra": {"from_trigger": True, "payload": EXTRA}}
    events = {approvals_watched("churn"): [_Event(event["extra"])], approved("churn"): [_Event(EXTRA)]}
    assert approved_version(events).to_extra() == EXTRA
    assert approved_version({approvals_watched("churn"): [_Event(event["extra"])]}).to_extra() == EXTRA


class _Event:
    def __init__(self, extra: dict[str, Any]) -> None:
        self.extra = extra


def test_a_schedule_takes_it_alone_or_beside_others() -> None:
    """And keeps its watcher when the DAG is stored."""
    for schedule in (approvals_watched("churn"), approved("churn") | approvals_watched("churn")):
        with DAG(dag_id="deploy", schedule=schedule) as dag:
            pass
        stored = str(DagSerialization.to_dict(dag))
        assert stored.count("ModelApprovalsTrigger") == 1
        assert isinstance(schedule, AssetAny) == ("churn/approved'" in stored)


def test_a_dag_file_pays_little_for_it() -> None:
    """No boto, no hook, no schema library at parse time."""
    code = (
        "import sys; from airflow.sdk import DAG, BaseOperator; before = set(sys.modules)\n"
        "import airflow_sagemaker_automl.assets.watched\n"
        "print(*sorted(name for name in set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    names = set(loaded.stdout.splitlines()[-1].split())
    assert "airflow_sagemaker_automl.assets.watched" in names
    assert not {name.partition(".")[0] for name in names} & {"boto3", "botocore", "jsonschema", "moto", "jinja2"}
    assert "airflow_sagemaker_automl.hooks.automl" not in names
