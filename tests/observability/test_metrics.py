"""What somebody on call can see: each event is counted once, and metrics that cannot be sent harm nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from airflow.sdk.execution_time import task_runner
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils

from airflow_sagemaker_automl import (
    SageMakerAutoMLJobOperator,
    SageMakerAutoMLJobSensor,
    SageMakerModelPackageApprovalSensor,
    SageMakerUpdateModelPackageOperator,
)
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.triggers import shared_connection
from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger, CapacityTrigger
from demo.sandbox import REPOSITORY, sagemaker_client
from tests.support.asking import Asking, Form, answer, event, operator
from tests.support.gating import ended, figures, gate_task, registration
from tests.support.jobs import start, tabular_request, unique
from tests.support.plain_http import hold_jobs, once_answered, send
from tests.support.scripts import CANDIDATE, script_jobs
from tests.support.statsd import StatsD, listening
from tests.support.tasks import Store, changed, deferral, new_context, resume
from tests.support.timing import SetTiming
from tests.support.versions import decide, described, make_group, register
from tests.support.waits import waiting

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

REQUEST = tabular_request("s3://no-such-bucket/at-all/")


_clients: list[Any] = []


def _initialize() -> None:
    """Read Airflow's configuration, as each of its processes does when it starts."""
    make = stats_utils.get_stats_factory()

    def factory() -> Any:
        backend = make()
        _clients.append(backend.statsd)
        return backend

    stats.initialize(factory=factory, export_legacy_names=True)


@pytest.fixture(autouse=True)
def _airflow_without_metrics() -> Iterator[None]:
    yield
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
    while _clients:  # Airflow leaves their sockets open.
        _clients.pop().close()


@pytest.fixture
def statsd(_airflow_without_metrics: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StatsD]:
    """A server that Airflow in this process sends its metrics to."""
    with listening() as server, monkeypatch.context() as environment:
        for name, value in server.environment.items():
            environment.setenv(name, value)
        _initialize()
        yield server


@pytest.fixture
def context(emulator_url: str) -> Any:
    """The context of a task in a run of its own."""
    return new_context(unique("dag"), "train", unique("run"))


@pytest.fixture
def account(private_url: str, private_connection: str) -> SageMakerClient:
    """A client of an account with a quota of two jobs, which end at once with a model."""
    ending = {"AutoMLJobStatus": "Completed", "BestCandidate": CANDIDATE["CandidateName"]}
    hold_jobs(private_url, Stages=[], Candidates=[{"Candidate": CANDIDATE}], Ending=ending)
    return sagemaker_client(private_url)


def _train(**arguments: Any) -> SageMakerAutoMLJobOperator:
    defaults = {"task_id": "train", "aws_conn_id": "private", "deferrable": False, "poll_interval": 0.2}
    return SageMakerAutoMLJobOperator(request=REQUEST, **{**defaults, **arguments})


def test_a_job_is_counted_when_it_starts_when_it_is_found_and_when_it_ends(
    context: Any, account: SageMakerClient, statsd: StatsD
) -> None:
    """A retry finds it, and waits for it; a clear that takes it again has not seen it end."""
    _train(wait_for_completion=False).execute(context)
    _train().execute(changed(context, try_number=2))
    statsd.counted(jobs__submitted=1, jobs__adopted=1, jobs__ended=1, jobs__ended__model=1)
    _train(reuse_job="clears").execute(changed(context, try_number=3, max_tries=1))
    statsd.counted(jobs__submitted=1, jobs__adopted=2, jobs__ended=1)
    _measured_once(statsd, "jobs.duration", "jobs.duration.model")


def _measured_once(statsd: StatsD, *names: str) -> None:
    """Wait until times have come, and check that each has come once."""
    statsd.wait_for(lambda: all(statsd.values(name, "ms") for name in names), f"not all of {names}")
    assert [len(statsd.values(name, "ms")) for name in names] == [1] * len(names)


def test_other_endings_have_their_names(
    context: Any, private_url: str, account: SageMakerClient, statsd: StatsD
) -> None:
    """One that failed, as a sensor sees it, and one whose deadline came first."""
    script_jobs(private_url, "fails", AutoMLJobStatus="Failed", FailureReason="No rows.")
    start(account, REQUEST, "fails")
    sensor = SageMakerAutoMLJobSensor(
        task_id="watch", aws_conn_id="private", job_name="fails", deferrable=False, poke_interval=0.2
    )
    with pytest.raises(Exception, match="No rows"):
        sensor.execute(context)
    hold_jobs(private_url)
    with pytest.raises(Exception, match="did not finish within 1 s"):
        _train(wait_timeout=1).execute(context)
    statsd.counted(jobs__ended=2, jobs__ended__failed=1, jobs__ended__timed_out=1)


def test_the_queue_for_the_quota_is_measured(
    context: Any, private_url: str, account: SageMakerClient, statsd: StatsD
) -> None:
    """Each refusal is counted; how long it has waited is told when the task has its job."""
    hold_jobs(private_url)
    for name in ("one", "two"):
        start(account, REQUEST, name)
    refused = deferral(_train(deferrable=True), context)
    statsd.counted(jobs__refused=1, jobs__submitted=0)
    account.stop_auto_ml_job(AutoMLJobName="one")
    with pytest.raises(TaskDeferred):
        resume(_train(deferrable=True), context, refused, "room")
    statsd.counted(jobs__refused=1, jobs__submitted=1)
    _measured_once(statsd, "jobs.queued")


def test_judging_and_registering_are_counted(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, statsd: StatsD
) -> None:
    """The first is good for want of another; a retry registers nothing; a worse one is rejected."""
    group = unique("group")
    good, worse = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.9, 0.8))
    verdict = gate_task(good, group, may_be_new_group=True).execute(context)
    for try_number in (1, 2):
        registration(good, group, verdict=verdict).execute(changed(context, try_number=try_number))
    gate_task(worse, group, on_rejected="pass").execute(context)
    statsd.counted(
        candidates__judged=2,
        candidates__judged__approved=1,
        candidates__judged__rejected=1,
        versions__registered=1,
        versions__found_again=1,
        versions__decided=0,
    )


def test_decisions_are_counted_whoever_makes_them(
    sagemaker: SageMakerClient, statsd: StatsD, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person in Airflow, an update, and somebody elsewhere, whether a sensor or a person in Airflow waited."""
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Form(), raising=False)
    group = make_group(sagemaker)
    first, second = (register(sagemaker, group, ModelApprovalStatus="PendingManualApproval") for _ in range(2))
    ti = Asking(dag_id=unique("dag"), task_id="approve", run_id=unique("run"), max_tries=2)
    context: Any = {"ti": ti, "task_instance": ti, "task_state_store": Store()}
    answer(first, context)
    for _ in range(2):  # The second changes nothing.
        SageMakerUpdateModelPackageOperator(
            task_id="update", model_package_arn=first, approval_status="Rejected"
        ).execute(context)
    decide(sagemaker, second)
    SageMakerModelPackageApprovalSensor(task_id="wait", model_package_arn=second, deferrable=False).execute(context)
    with pytest.raises(AirflowFailException, match="Approved"):
        operator(second, on_decided_elsewhere="fail").execute_complete(
            changed(context, run_id="other"), event("Reject")
        )
    statsd.counted(
        versions__decided=4,
        versions__decided__approved=1,
        versions__decided__rejected=1,
        versions__decided__approved_elsewhere=2,
    )


async def test_those_who_wait_are_counted_and_polls_that_fail(
    private_url: str, account: SageMakerClient, statsd: StatsD, monkeypatch: pytest.MonkeyPatch, set_timing: SetTiming
) -> None:
    """Three tasks share one poll: the gauges say so, a failed poll is one failure, and in the end nobody waits."""
    monkeypatch.setattr(shared_connection, "_connections", {})
    set_timing(earliest_event=0.0)
    hold_jobs(private_url)
    shared: Any = {
        "connection": {
            "aws_conn_id": "private",
            "region_name": None,
            "verify": None,
            "botocore_config": {"retries": {"total_max_attempts": 1}},
        },
        "poll_interval": 0.2,
    }
    for name in ("one", "two"):
        start(account, REQUEST, name)
    followers = [AutoMLJobTrigger(job_name=name, **shared) for name in ("one", "two")]
    queueing = CapacityTrigger(job_name="three", waiting_since=0.0, limit=2, **shared)
    async with waiting(*followers, queueing):
        await asyncio.to_thread(_wait_for_gauges, statsd, 2, 1)
        assert statsd.total("polls.failed") == 0
        send(f"{private_url}/automl-emulator/faults", "PUT", {"ThrottlingRate": 1, "ConcurrentJobs": 2})
        await asyncio.to_thread(
            statsd.wait_for, lambda: statsd.total("polls.failed.ThrottlingException") > 0, "no poll has failed"
        )
        asked = send(f"{private_url}/automl-emulator/requests", "GET")[1]["Requests"]
        assert statsd.total("polls.failed") <= asked["ListAutoMLJobs"]
    await asyncio.to_thread(_wait_for_gauges, statsd, 0, 0)


def _wait_for_gauges(statsd: StatsD, jobs: int, places: int) -> None:
    wanted = {"waiting.jobs": float(jobs), "waiting.places": float(places)}
    statsd.wait_for(
        lambda: {name: next(reversed(statsd.values(name, "g")), None) for name in wanted} == wanted, f"not {wanted}"
    )


def test_a_decision_is_counted_though_the_rest_of_its_update_fails(
    context: Any, account: SageMakerClient, statsd: StatsD, private_url: str
) -> None:
    """A retry changes nothing there any more, and counts nothing."""
    arn = register(account, make_group(account), ModelApprovalStatus="PendingManualApproval")
    update = SageMakerUpdateModelPackageOperator(
        task_id="update",
        aws_conn_id="private",
        model_package_arn=arn,
        approval_status="Approved",
        model_card={"intended_uses": {"purpose_of_model": "To test."}},
        model_card_status="Approved",
    )
    url = f"{private_url}/automl-emulator/faults"
    # The answer comes when other faults take the place of these, which deny what follows it.
    send(url, "PUT", {"LatencySeconds": 3600, "Operations": ["UpdateModelPackage"]})

    def deny_the_next() -> None:
        deadline = time.monotonic() + 300
        while described(account, arn)["ModelApprovalStatus"] != "Approved" and time.monotonic() < deadline:
            time.sleep(0.05)
        send(url, "PUT", {"DeniedOperations": ["UpdateModelPackage"]})

    denial = Thread(target=deny_the_next)
    denial.start()
    with pytest.raises(AirflowFailException, match=f"Model package {arn}: .*AccessDenied"):
        update.execute(context)
    denial.join()
    send(url, "DELETE")
    update.execute(context)
    statsd.counted(versions__decided=1, versions__decided__approved=1)


def test_a_job_whose_answer_is_lost_is_gone_on_with(
    context: Any, private_url: str, account: SageMakerClient, statsd: StatsD
) -> None:
    """The service has accepted it, and only says so when it is asked again."""
    url = f"{private_url}/automl-emulator/faults"
    send(url, "PUT", {"DroppedAnswerRate": 1, "Operations": ["CreateAutoMLJobV2"]})

    def answer_again() -> None:
        deadline = time.monotonic() + 300
        while not account.list_auto_ml_jobs()["AutoMLJobSummaries"] and time.monotonic() < deadline:
            time.sleep(0.05)
        send(url, "DELETE")

    recovery = Thread(target=answer_again)
    recovery.start()
    _train(botocore_config={"retries": {"total_max_attempts": 10}}).execute(context)
    recovery.join()
    statsd.counted(jobs__submitted=0, jobs__adopted=1, jobs__ended=1)


def test_calls_that_are_repeated_are_counted(
    context: Any, private_url: str, account: SageMakerClient, statsd: StatsD
) -> None:
    """A task that is throttled takes longer, and says why."""
    url = f"{private_url}/automl-emulator/faults"
    send(url, "PUT", {"ThrottlingRate": 1, "Operations": ["CreateAutoMLJobV2"]})
    recovery = once_answered(private_url, "CreateAutoMLJobV2", lambda: send(url, "DELETE"))
    _train(botocore_config={"retries": {"total_max_attempts": 1}}).execute(context)
    recovery.join()
    statsd.wait_for(
        lambda: statsd.total("calls.repeated") == statsd.total("calls.repeated.ThrottlingException") > 0,
        "not both are counted",
    )


def test_tags_go_to_who_takes_them(
    context: Any, account: SageMakerClient, statsd: StatsD, monkeypatch: pytest.MonkeyPatch
) -> None:
    """InfluxDB's StatsD has tags; names with values in them can be switched off, as Airflow's own can."""
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED", "True")
    monkeypatch.setenv("AIRFLOW__METRICS__LEGACY_NAMES_ON", "False")
    _initialize()
    _train().execute(context)
    statsd.wait_for(lambda: "jobs.duration,outcome=model" in statsd.names(), "no tag")
    assert statsd.names() == {"jobs.submitted", "jobs.ended,outcome=model", "jobs.duration,outcome=model"}


@pytest.mark.parametrize("broken", ["backend", "method"])
def test_metrics_that_cannot_be_sent_harm_nobody(
    broken: str,
    context: Any,
    account: SageMakerClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A backend that cannot be made, or that raises at each call: the task goes on, and its log says so once."""

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("The server is not what it was.")

    def factory() -> Any:
        if broken == "backend":
            raise RuntimeError("There is no such server.")
        return Broken()

    stats.initialize(factory=factory, export_legacy_names=True)
    monkeypatch.setattr(metrics, "_has_complained", False)
    assert _train().execute(context)["outcome"] == "model"
    told = [record for record in caplog.records if record.levelname == "WARNING" and record.name == metrics.__name__]
    assert [record.getMessage().partition(": ")[0] for record in told] == [
        "Airflow could not send the metric sagemaker_automl.jobs.submitted"
    ]


def test_every_name_can_be_sent(statsd: StatsD) -> None:
    """Whatever a service calls its errors: Airflow drops a metric whose name has other characters, or is too long."""
    for metric in metrics.METRICS:
        metrics.count(metric, "A b,c=d:e|f/" + "x" * 300)
    wanted = {metric.name for metric in metrics.METRICS}
    tagged = {metric.name for metric in metrics.METRICS if metric.tag not in (None, "hostname")}

    def have_come() -> bool:
        names = statsd.names()
        return wanted <= names and tagged == {
            name.partition(".A_b_c_d_e_f_xxx")[0] for name in names if ".A_b_c_d_e_f_xxx" in name
        }

    statsd.wait_for(have_come, "not all have come")


def test_the_documentation_has_every_metric() -> None:
    """Its table is the one in the code, word for word."""
    page = (REPOSITORY / "docs" / "metrics.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `sagemaker_automl.")]
    assert rows == [
        f"| `{metric.full_name}` | {metric.kind} | {f'`{metric.tag}`' if metric.tag else ''} | {metric.when} |"
        for metric in metrics.METRICS
    ]
