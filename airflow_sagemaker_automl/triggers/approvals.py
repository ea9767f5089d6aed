"""Watch a model package group and emit an event for each approval, whichever user or client makes it.

:mod:`~airflow_sagemaker_automl.core.registry.new_approvals` finds the new approvals; this module polls the registry and
emits the events. Another source, such as an SQS queue that EventBridge fills with ``SageMaker Model Package State
Change``, would be a separate trigger with two parts:

- a :class:`~airflow.triggers.shared_stream.SharedStreamProducer` like :class:`_Poll`, whose ``open_stream`` yields the
  ARN of each message with its receipt handle, and whose ``advance`` deletes the messages whose events are stored; the
  queue keeps the others, so no watermark is needed;
- a ``filter_shared_stream`` that emits an event for each ARN that :func:`approved_now` confirms, because EventBridge
  may send a message twice, and also sends changes that are not approvals.

It would belong to another :class:`~airflow.sdk.AssetWatcher` of the same asset, with the same events.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from airflow.triggers.shared_stream import AdvanceItem, SharedStreamProducer

from airflow_sagemaker_automl.core.registry.model_package import ModelPackageStatus
from airflow_sagemaker_automl.core.registry.model_version import ModelVersion
from airflow_sagemaker_automl.core.registry.new_approvals import Approvals, Watermark
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.hooks.errors import error_name, is_invalid, is_transient
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.triggers.polling import StreamKey, approval_snapshots
from airflow_sagemaker_automl.triggers.shared_connection import SharedConnection, shared
from airflow_sagemaker_automl.triggers.snapshot import Snapshot

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.connection import Connection

_APPROVED = "Approved"
# Each new approval costs a describe call, and Airflow drops a watcher that is busy for five minutes.
_MOST_EVENTS_PER_POLL = 50


@dataclass(eq=False)
class Sighting:
    """The result of one poll.

    :ivar is_settled: whether Airflow has accepted all events that it caused.
    :ivar at: time of the poll, by the monotonic clock.
    """

    snapshot: Snapshot[Approvals]
    is_settled: bool = False
    at: float = field(default_factory=time.monotonic)

    @property
    def is_history(self) -> bool:
        """Whether all events that it caused are certain to be in Airflow's database."""
        return self.is_settled and time.monotonic() - self.at >= timing().watch_settled


class ModelApprovalsTrigger(BaseEventTrigger):
    """Fires whenever anyone approves a version of a model package group, for as long as the group is watched.

    It is for an :class:`~airflow.sdk.AssetWatcher`; tasks cannot wait with it. Its events contain the version in the
    form of :class:`~airflow_sagemaker_automl.ModelVersion`. It emits an event when a version is
    approved and completed, and again when the version is approved again after a poll has seen it not approved.

    **No approval is lost.** The state store of the asset records the approvals that have events. The record is updated
    only after Airflow has stored the events, which the shared stream reports. (Updating it one poll later, without that
    report, would be simpler but unsafe: a triggerer that is killed while its database is slow could have stored the
    record without the event.) Events that are emitted shortly before a triggerer ends may be emitted again by the next
    one, with the same ``deduplication_key``.

    **Start of the watch.** Versions that are already approved when a connection's group is first watched get no event.
    If the group does not exist yet or has no approved version, its first approval gets an event. Approvals made while
    the DAG is paused or no triggerer runs get their events afterwards.

    :param group: name or ARN of the model package group.
    :param aws_conn_id: Airflow connection for AWS; None uses boto3's own search for credentials.
    :param region_name: AWS region. Default: the connection's.
    :param verify: whether to verify TLS certificates, or a CA bundle. Default: the connection's.
    :param botocore_config: arguments of botocore's ``Config``. Must not contain secrets: it is stored with the DAG.
    :param poll_interval: seconds between polls.
    """

    def __init__(
        self,
        *,
        group: str,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        poll_interval: float = 60.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow gives this constructor no types.
        self.group = group
        self.connection: Connection = {
            "aws_conn_id": aws_conn_id,
            "region_name": region_name,
            "verify": verify,
            "botocore_config": botocore_config,
        }
        self.poll_interval = poll_interval
        self._reached: SharedConnection
        self._watermark: Watermark | None = None
        # The latest watermark whose events are emitted and that is not stored yet.
        self._unwritten: tuple[Sighting, Watermark] | None = None
        # Kind of problem → its last message in the log.
        self._troubles: dict[str, str] = {}
        # Versions that gave no event, in the order in which they are described again.
        self._in_vain: dict[str, None] = {}

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments that rebuild the trigger.

        Airflow compares them each time it parses the DAG file, so they are plain values that do not change.
        """
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"group": self.group, **self.connection, "poll_interval": self.poll_interval}

    def __repr__(self) -> str:
        """Show the group and the connection id only: the configuration may contain a proxy's password."""
        shown = {"group": self.group, "aws_conn_id": self.connection["aws_conn_id"]}
        return str(self.repr(self.serialize()[0], shown))

    def shared_stream_key(self) -> Hashable:
        """Share one poll with every watcher of the same group, connection and interval."""
        return self._key

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> SharedStreamProducer:
        """Create the producer of the shared poll."""
        return _Poll(cls(**kwargs))

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Sighting]) -> AsyncIterator[TriggerEvent]:
        """Emit an event for each approval in a poll that is not in the watermark."""
        with shared(self.connection) as self._reached:
            async for sighting in shared_stream:
                snapshot = sighting.snapshot
                self._say("list", snapshot.problem)
                await self._write_down_what_is_history()
                if snapshot.listed is None or not await self._has_watermark(snapshot.listed):
                    continue
                self._say("group", None if snapshot.listed.has_group else "the group does not exist there")
                before = self._watermark
                assert before is not None
                reported = []
                for version in await self._described(before.unreported(snapshot.listed)):
                    self.log.info("%s: %s is approved", self._what, version.model_package_arn)
                    yield TriggerEvent(version.to_extra())
                    reported.append(version.model_package_arn)
                self._watermark = before.after(snapshot.listed, reported)
                if self._watermark != before:
                    self._unwritten = sighting, self._watermark

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch without a shared poll, outside a triggerer."""
        async with aclosing(_each_settled_by_the_next(_Poll(self).sightings())) as sightings:
            async for event in self.filter_shared_stream(sightings):
                yield event

    @property
    def _key(self) -> StreamKey:
        return StreamKey.of_approvals(self.group, self.connection, self.poll_interval)

    @property
    def _what(self) -> str:
        return f"Approvals of {self.group} by connection {self.connection['aws_conn_id']!r}"

    @property
    def _place(self) -> str:
        """The key of the watermark: the watched group, not the settings for reaching it."""
        return f"reported/{self.connection['aws_conn_id']}/{self.connection['region_name']}/{self.group}"

    async def _has_watermark(self, seen: Approvals) -> bool:
        """Read the watermark, or start one from the listed versions; False while the store cannot be read."""
        if self._watermark is not None:
            return True
        try:
            stored = await self._reached.run(lambda: self._store().get(self._place))
        except Exception as error:
            self._say("store", f"cannot read the record of emitted events, so no events are emitted: {error}")
            return False
        self._watermark = Watermark.from_json(stored)
        if self._watermark is None:
            self._watermark = await self._begin(seen)
        else:
            self._say("store", None)
        return self._watermark is not None

    async def _begin(self, seen: Approvals) -> Watermark | None:
        """Start a watermark from the listed versions; None if it cannot be stored, as for an asset not in use."""
        watermark = Watermark.at_start(seen)
        if not await self._write_down(watermark):
            return None
        self.log.info("%s: the watch starts; already approved: %s", self._what, len(seen.versions))
        return watermark

    async def _write_down_what_is_history(self) -> None:
        if self._unwritten is not None and self._unwritten[0].is_history and await self._write_down(self._unwritten[1]):
            self._unwritten = None

    async def _write_down(self, watermark: Watermark) -> bool:
        try:
            await self._reached.run(lambda: self._store().set(self._place, watermark.to_json()))
        except Exception as error:
            self._say("store", f"cannot store the record of emitted events, which may be emitted again: {error}")
            return False
        self._say("store", None)
        return True

    def _store(self) -> Any:
        if self.asset_state_store is None:
            self._say("memory", "no asset has this watcher, so its record of emitted events is lost when it ends")
            return _Forgetful()
        return self.asset_state_store

    async def _described(self, arns: Sequence[str]) -> list[ModelVersion]:
        """Describe versions that the list shows as approved; the last modified one comes last.

        A version that cannot be described, or differs from the list, is described again after all others.
        """
        versions = []
        for arn in self._in_turn(arns)[:_MOST_EVENTS_PER_POLL]:
            try:
                version = await self._reached.ask(partial(approved_now, arn=arn))
                self._say(arn, None)
            except Exception as error:
                self._say(arn, f"{arn} could not be described, retrying after all others: {error}")
                if is_transient(error):
                    break
                metrics.count(metrics.POLLS_FAILED, error_name(error))
                version = None
            self._in_vain.pop(arn, None)
            if version is None:
                self._in_vain[arn] = None  # At the end.
            else:
                versions.append(version)
        self._in_vain = {arn: None for arn in self._in_vain if arn in arns}
        return sorted(versions, key=lambda version: version.modified)

    def _in_turn(self, arns: Sequence[str]) -> list[str]:
        fresh = [arn for arn in arns if arn not in self._in_vain]
        return fresh + [arn for arn in self._in_vain if arn in arns]

    def _say(self, kind: str, trouble: str | None) -> None:
        """Log a problem only when it changes or ends, because a watcher may run for months."""
        before = self._troubles.pop(kind, None)
        if trouble is not None:
            self._troubles[kind] = trouble
        if trouble == before:
            return
        if trouble is None:
            self.log.info("%s: resolved: %s", self._what, before)
        else:
            self.log.warning("%s: %s", self._what, trouble)


class _Forgetful:
    """Replaces the state store of an asset if the trigger has no asset."""

    def get(self, key: str) -> None:
        """Return None."""

    def set(self, key: str, value: Any) -> None:
        """Store nothing."""


def approved_now(hook: SageMakerAutoMLHook, arn: str) -> ModelVersion | None:
    """Describe a version; None if it is not approved and completed, or no longer exists."""
    try:
        description = hook.describe_model_package(arn, with_card=False)
    except Exception as error:
        if is_invalid(error):
            return None
        raise
    is_completed = description["ModelPackageStatus"] == ModelPackageStatus.COMPLETED
    if not is_completed or description.get("ModelApprovalStatus") != _APPROVED:
        return None  # The list may be newer or older than the description.
    return ModelVersion.from_description(description)


class _Poll(SharedStreamProducer):
    """Polls a group's approved versions; each sighting is marked when Airflow has stored its events."""

    def __init__(self, trigger: ModelApprovalsTrigger) -> None:
        self._trigger = trigger

    async def sightings(self) -> AsyncGenerator[Sighting, None]:
        """Poll for as long as the group is watched."""
        trigger = self._trigger
        stream = approval_snapshots(trigger.group, trigger.connection, trigger.poll_interval)
        async with aclosing(stream):
            async for snapshot in stream:
                yield Sighting(snapshot)

    async def open_stream(self) -> AsyncGenerator[tuple[Sighting, Sighting], None]:
        """Yield each sighting as the item for the watchers and as the payload that ``advance`` receives."""
        async with aclosing(self.sightings()) as sightings:
            async for sighting in sightings:
                yield sighting, sighting

    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Mark the sightings for which Airflow has stored the events of all watchers."""
        for item in batch:
            item.broker_payload.is_settled = item.outcome.is_clean


async def _each_settled_by_the_next(sightings: AsyncGenerator[Sighting, None]) -> AsyncGenerator[Sighting, None]:
    last: Sighting | None = None
    async with aclosing(sightings):
        async for sighting in sightings:
            if last is not None:
                last.is_settled = True
            last = sighting
            yield sighting
