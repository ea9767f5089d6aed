"""Watching a model package group, so that whoever approves a version is heard.

What is new among the approved versions is for :mod:`~airflow_sagemaker_automl.core.approval_news` to say; here is where
news come from, and how they are told. They come from a poll of the registry. Another source, as a queue of SQS that
EventBridge fills with ``SageMaker Model Package State Change``, would be a trigger beside this one, in two parts:

- a :class:`~airflow.triggers.shared_stream.SharedStreamProducer` like :class:`_Poll`, whose ``open_stream`` yields the
  ARN of each message with its receipt handle, and whose ``advance`` deletes the messages that were told; the queue
  remembers what has not been told, so that no watermark is needed;
- a ``filter_shared_stream`` that tells of each ARN what :func:`approved_now` makes of it: EventBridge may send a
  message twice, and tells of changes that are no approvals.

It would be for another :class:`~airflow.sdk.AssetWatcher` of the same asset, and who is told would see no difference.
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

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.core.approval_news import Approvals, Watermark
from airflow_sagemaker_automl.core.model_package import ModelPackageStatus
from airflow_sagemaker_automl.core.model_version import ModelVersion
from airflow_sagemaker_automl.polling import Snapshot, StreamKey, approval_snapshots
from airflow_sagemaker_automl.service_errors import is_invalid, kind_of, passes_by_itself
from airflow_sagemaker_automl.shared_connection import SharedConnection, shared

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks import Connection, SageMakerAutoMLHook

_APPROVED = "Approved"
# Each is described, and Airflow gives up a watcher that is busy for five minutes.
_MOST_NEWS_AT_ONCE = 50
# A watcher that the DAG files do not have any more goes on for seconds, and Airflow drops what it tells meanwhile.
_SURELY_WATCHED_SECONDS = 10.0


@dataclass(eq=False)
class Sighting:
    """What one poll saw.

    :ivar is_settled: whether Airflow has taken all that was told because of it.
    :ivar at: when it was, by the monotonic clock.
    """

    snapshot: Snapshot[Approvals]
    is_settled: bool = False
    at: float = field(default_factory=time.monotonic)

    @property
    def is_history(self) -> bool:
        """Whether what was told because of it surely is in Airflow's database."""
        return self.is_settled and time.monotonic() - self.at >= _SURELY_WATCHED_SECONDS


class ModelApprovalsTrigger(BaseEventTrigger):
    """Fires whenever a version of a model package group becomes approved, by whomever, for as long as it is watched.

    It is for an :class:`~airflow.sdk.AssetWatcher`; no task can wait with it. Its events carry the version as
    :class:`~airflow_sagemaker_automl.core.model_version.ModelVersion` writes it. A version is told when it is approved
    and completed, and again when it is approved anew after a poll has seen it withdrawn.

    **Nothing is lost.** Which approvals have been told is kept in the state store of the asset, and moves on when
    Airflow has stored their events and not before: the poll runs in the mode of Airflow's shared streams that tells
    when this is so. To write down one poll later what was told would be simpler, and would share the poll of those who
    wait for versions, but is no promise: a triggerer that is killed while its database is slow could have written it
    down, and not the event. What is told shortly before a triggerer ends may be told again by the next one, with the
    same ``deduplication_key``.

    **Where it begins.** What is approved already when a connection's group is first watched is not told. A group that
    is not there, or has no approved version, begins with none: its first approval is told. What is approved while
    nobody watches, because the DAG is paused or no triggerer runs, is told afterwards.

    :param group: name or ARN of the model package group.
    :param aws_conn_id: Airflow connection for AWS; None leaves it to boto3's own search for credentials.
    :param region_name: AWS region. Default: the connection's.
    :param verify: whether to verify TLS certificates, or a CA bundle. Default: the connection's.
    :param botocore_config: arguments of botocore's ``Config``. It is no place for secrets: it is stored with the DAG.
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
        # What is told already, and not written down yet.
        self._unwritten: tuple[Sighting, Watermark] | None = None
        # What is in trouble → what was last said of it.
        self._troubles: dict[str, str] = {}
        # Versions that gave nothing to tell, in the order in which they are looked at again.
        self._in_vain: dict[str, None] = {}

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give the class path and the arguments that make the same trigger elsewhere.

        Airflow compares them each time that it reads the DAG file, so that they are plain, and always the same.
        """
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"group": self.group, **self.connection, "poll_interval": self.poll_interval}

    def __repr__(self) -> str:
        """Tell what is watched, and by which connection; its configuration may have a proxy's password."""
        shown = {"group": self.group, "aws_conn_id": self.connection["aws_conn_id"]}
        return str(self.repr(self.serialize()[0], shown))

    def shared_stream_key(self) -> Hashable:
        """Share one poll with every watcher of the same group, connection and interval."""
        return self._key

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> SharedStreamProducer:
        """Say where news come from."""
        return _Poll(cls(**kwargs))

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Sighting]) -> AsyncIterator[TriggerEvent]:
        """Tell of each approval that a sighting has and the watermark has not."""
        with shared(self.connection) as self._reached:
            async for sighting in shared_stream:
                snapshot = sighting.snapshot
                self._say("list", snapshot.problem)
                await self._write_down_what_is_history()
                if snapshot.listed is None or not await self._has_watermark(snapshot.listed):
                    continue
                self._say("group", None if snapshot.listed.has_group else "there is no such group where it points to")
                before = self._watermark
                assert before is not None
                told = []
                for version in await self._described(before.news(snapshot.listed)):
                    self.log.info("%s: %s is approved", self._what, version.model_package_arn)
                    yield TriggerEvent(version.to_extra())
                    told.append(version.model_package_arn)
                self._watermark = before.after(snapshot.listed, told)
                if self._watermark != before:
                    self._unwritten = sighting, self._watermark

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch alone, where there is no triggerer to share with."""
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
        """The key of the watermark: whom it is about, and not how they are reached."""
        return f"told/{self.connection['aws_conn_id']}/{self.connection['region_name']}/{self.group}"

    async def _has_watermark(self, seen: Approvals) -> bool:
        """Read the watermark, or begin with what is seen; not while the store cannot be read."""
        if self._watermark is not None:
            return True
        try:
            stored = await self._reached.run(lambda: self._store().get(self._place))
        except Exception as error:
            self._say("store", f"what has been told cannot be read, nothing is told meanwhile: {error}")
            return False
        self._watermark = Watermark.from_json(stored)
        if self._watermark is None:
            self._watermark = await self._begin(seen)
        else:
            self._say("store", None)
        return self._watermark is not None

    async def _begin(self, seen: Approvals) -> Watermark | None:
        """Begin with what is seen, if that can be written down: for an asset that is not in use nothing is found."""
        watermark = Watermark.at_first_sight(seen)
        if not await self._write_down(watermark):
            return None
        self.log.info("%s are told from now on; approved already: %s", self._what, len(seen.versions))
        return watermark

    async def _write_down_what_is_history(self) -> None:
        if self._unwritten is not None and self._unwritten[0].is_history and await self._write_down(self._unwritten[1]):
            self._unwritten = None

    async def _write_down(self, watermark: Watermark) -> bool:
        try:
            await self._reached.run(lambda: self._store().set(self._place, watermark.to_json()))
        except Exception as error:
            self._say("store", f"what has been told cannot be written down, and may be told again: {error}")
            return False
        self._say("store", None)
        return True

    def _store(self) -> Any:
        if self.asset_state_store is None:
            self._say("memory", "no asset has this watcher, so that it forgets what it has told when it ends")
            return _Forgetful()
        return self.asset_state_store

    async def _described(self, arns: Sequence[str]) -> list[ModelVersion]:
        """Look at versions that are said to be approved, the one that was changed last at the end.

        A version that cannot be described, or is not as the list says, is looked at again after all others.
        """
        versions = []
        for arn in self._in_turn(arns)[:_MOST_NEWS_AT_ONCE]:
            try:
                version = await self._reached.ask(partial(approved_now, arn=arn))
                self._say(arn, None)
            except Exception as error:
                self._say(arn, f"{arn} could not be described, trying again after all others: {error}")
                if passes_by_itself(error):
                    break
                metrics.count(metrics.POLLS_FAILED, kind_of(error))
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
        """Log trouble when it is another than before, and its end; a watcher lives for months."""
        before = self._troubles.pop(kind, None)
        if trouble is not None:
            self._troubles[kind] = trouble
        if trouble == before:
            return
        if trouble is None:
            self.log.info("%s: this is over: %s", self._what, before)
        else:
            self.log.warning("%s: %s", self._what, trouble)


class _Forgetful:
    """Stands for the state store of an asset where there is no asset."""

    def get(self, key: str) -> None:
        """Know nothing."""

    def set(self, key: str, value: Any) -> None:
        """Keep nothing."""


def approved_now(hook: SageMakerAutoMLHook, arn: str) -> ModelVersion | None:
    """Look whether a version is approved and completed; None also where it is not there any more."""
    try:
        description = hook.describe_model_package(arn, with_card=False)
    except Exception as error:
        if is_invalid(error):
            return None
        raise
    is_completed = description["ModelPackageStatus"] == ModelPackageStatus.COMPLETED
    if not is_completed or description.get("ModelApprovalStatus") != _APPROVED:
        return None  # Lists may be ahead, or lag behind.
    return ModelVersion.from_description(description)


class _Poll(SharedStreamProducer):
    """Sightings of a group's approved versions; each is told when what came of it is stored."""

    def __init__(self, trigger: ModelApprovalsTrigger) -> None:
        self._trigger = trigger

    async def sightings(self) -> AsyncGenerator[Sighting, None]:
        """Poll for as long as anybody watches."""
        trigger = self._trigger
        stream = approval_snapshots(trigger.group, trigger.connection, trigger.poll_interval)
        async with aclosing(stream):
            async for snapshot in stream:
                yield Sighting(snapshot)

    async def open_stream(self) -> AsyncGenerator[tuple[Sighting, Sighting], None]:
        """Give each sighting to those who watch, and as what is to come back when it is settled."""
        async with aclosing(self.sightings()) as sightings:
            async for sighting in sightings:
                yield sighting, sighting

    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Mark sightings of which all watchers have told, and Airflow has stored, what is new in them."""
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
