"""A DAG that waits for an approval, told of it by tasks, and by a watcher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from airflow_sagemaker_automl import approved, registered
from airflow_sagemaker_automl.assets.events import ModelVersion
from demo.sandbox import sagemaker_client
from tests.dags.telling import GROUP
from tests.live.rest import ENDED, Run, wait_until
from tests.support.versions import decide, described, register

if TYPE_CHECKING:
    from airflow.sdk import Asset

    from tests.live.rest import Api
    from tests.live.service import Service

pytestmark = pytest.mark.live


class Listener:
    """The DAG that waits for approvals.

    :param api: of the Airflow that it runs in; it runs from now on.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        api.call("PATCH", "/dags/hear", {"is_paused": False})

    def runs(self) -> list[Run]:
        """List its runs."""
        runs = self._api.call("GET", "/dags/hear/dagRuns?limit=100")["dag_runs"]
        return [Run(self._api, "hear", run["dag_run_id"]) for run in runs]

    def heard(self) -> list[dict[str, Any]]:
        """List what its runs that have ended have read; none of them may have failed."""
        ended = [run for run in self.runs() if run.state() in ENDED]
        assert {run.state() for run in ended} <= {"success"}
        for run in ended:
            assert run.xcom("take") == run.xcom("read")["model_package_arn"]
        return [run.xcom("read") for run in ended]

    def wait_until_idle(self) -> None:
        """Wait until no event is queued for it: Airflow leaves one that comes meanwhile out of the run."""
        wait_until(
            lambda: not self._api.call("GET", "/dags/hear/assets/queuedEvents")["queued_events"], "events stay queued"
        )

    def wait_until_heard(self, version: dict[str, Any]) -> None:
        """Wait until a run has read a version."""
        wait_until(lambda: version in self.heard(), f"nobody has heard of {version['deduplication_key']}")


def events(api: Api, asset: Asset, run: Run | None = None) -> list[dict[str, Any]]:
    """List the events of an asset.

    :param run: whose tasks have told; None for all.
    """
    source = f"&source_dag_id={run.dag_id}&source_run_id={quote(run.run_id)}" if run else ""
    listed = api.call("GET", f"/assets/events?asset_id={asset_id(api, asset)}&limit=100{source}")["asset_events"]
    return list(listed)


def asset_id(api: Api, asset: Asset) -> int:
    """Ask which number Airflow has given an asset."""
    assets = api.call("GET", f"/assets?uri_pattern={quote(asset.uri, safe='')}&limit=100")["assets"]
    (number,) = [entry["id"] for entry in assets if entry["uri"] == asset.uri]
    return int(number)


def test_an_approval_starts_who_waits_for_it_and_nothing_else_does(api: Api, service: Service) -> None:
    """A pending version is told as registered; when it is approved, and when a watcher tells so, the other DAG runs.

    What it reads, in a task and in a template, is what the registry has, whoever has told.
    """
    sagemaker = sagemaker_client(service.url)
    first, second = (register(sagemaker, GROUP) for _ in range(2))
    conf = {**service.conf, "model_package_arn": first}
    pending = api.trigger("tell", conf)
    listener = Listener(api)
    assert pending.wait_for_end() == "success"
    registrations = events(api, registered(GROUP), pending)
    assert sorted(event["source_task_id"] for event in registrations) == ["deferred", "here", "mapped"]
    told = ModelVersion.from_description(described(sagemaker, first)).to_extra()
    assert [event["extra"] for event in registrations] == [told] * 3
    assert events(api, approved(GROUP)) == []

    decide(sagemaker, first)
    decided = api.trigger("tell", conf)
    assert decided.wait_for_end() == "success"
    approval = ModelVersion.from_description(described(sagemaker, first)).to_extra()
    assert [event["extra"] for event in events(api, approved(GROUP), decided)] == [approval] * 4
    listener.wait_until_heard(approval)
    listener.wait_until_idle()

    decide(sagemaker, second)
    watched = ModelVersion.from_description(described(sagemaker, second)).to_extra()
    extra = {"from_trigger": True, "payload": watched}
    api.call("POST", "/assets/events", {"asset_id": asset_id(api, approved(GROUP)), "extra": extra})
    listener.wait_until_heard(watched)
    assert {version["deduplication_key"] for version in listener.heard()} == {
        approval["deduplication_key"],
        watched["deduplication_key"],
    }
