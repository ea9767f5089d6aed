"""A process in which tasks wait as they do in Airflow's triggerer; :mod:`benchmarks.waiting` starts and measures it.

It reads commands from standard input (``start``, ``rest``, ``watch``, ``usage``, ``stop``), one per line, and writes
events to standard output as lines of JSON.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger
    from airflow.triggers.shared_stream import SharedStreamManager

# Imports of Airflow's triggerer before its first trigger, and those that every AWS trigger needs.
COMMON = ("airflow.jobs.triggerer_job_runner", "airflow.providers.amazon.aws.hooks.base_aws")
MODULES = {
    "ours": "airflow_sagemaker_automl.triggers.jobs",
    "provider": "airflow.providers.amazon.aws.triggers.sagemaker",
}
TRANSFORM_MODULE = "airflow_sagemaker_automl.triggers.transform"
INSTANCE_TYPE = "ml.m5.large"
CAPACITY_LIMIT = 4
_BEAT_SECONDS = 0.01

Tell = Callable[..., None]


class Heartbeat:
    """Sleeps ten milliseconds at a time; if it wakes late, the event loop was blocked."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.watching = asyncio.Event()

    async def beat(self) -> None:
        """Beat while it is switched on; its wake-ups use more CPU than hundreds of waits."""
        while await self.watching.wait():
            before = time.perf_counter()
            await asyncio.sleep(_BEAT_SECONDS)
            self.longest = max(self.longest, time.perf_counter() - before - _BEAT_SECONDS)


def job_name(number: int) -> str:
    """Return the name of the job that a task waits for."""
    return f"held-{number}"


def make_trigger(subject: str, kind: str, number: int, poll_interval: float) -> BaseTrigger:
    """Create one trigger with its operator's defaults, except for the interval."""
    module = importlib.import_module(MODULES[subject])
    if subject == "provider":
        trigger: BaseTrigger = module.SageMakerTrigger(
            job_name=job_name(number),
            job_type="transform",
            waiter_delay=int(poll_interval),
            waiter_max_attempts=100_000,
        )
        return trigger
    arguments: dict[str, Any] = {
        "connection": {"aws_conn_id": "aws_default", "region_name": None, "verify": None, "botocore_config": None},
        "poll_interval": poll_interval,
        "deadline": time.time() + 24 * 60 * 60,
    }
    if kind == "capacity":
        arguments |= {"job_name": f"waits-{number}", "waiting_since": 1.0 + number, "limit": CAPACITY_LIMIT}
        trigger = module.CapacityTrigger(**arguments)
    elif kind == "transform":
        transform = importlib.import_module(TRANSFORM_MODULE)
        trigger = transform.TransformJobTrigger(job_name=job_name(number), instance_type=INSTANCE_TYPE, **arguments)
    else:
        trigger = module.AutoMLJobTrigger(job_name=job_name(number), **arguments)
    return trigger


async def stay(plan: dict[str, Any], tell: Tell) -> None:
    """Run the commands from standard input until it ends.

    :param plan: ``subject``, ``kind``, ``waiting`` and ``poll_interval``.
    """
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    heartbeat = Heartbeat()
    tasks = [asyncio.create_task(heartbeat.beat())]
    tell("ready")
    while order := (await orders.readline()).strip():
        if order == b"start":
            heartbeat.watching.set()
            tasks += await start_triggers(plan, tell)
        elif order == b"rest":
            heartbeat.watching.clear()
        elif order == b"watch":
            heartbeat.watching.set()
        elif order == b"usage":
            tell("usage", cpu_s=time.process_time(), longest_block_s=heartbeat.longest)
        elif order == b"stop":
            break
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def start_triggers(plan: dict[str, Any], tell: Tell) -> list[asyncio.Task[None]]:
    """Start all triggers one after another, as the triggerer does with the triggers in the database."""
    from airflow.triggers.shared_stream import SharedStreamManager

    manager = SharedStreamManager()
    tasks = []
    for number in range(plan["waiting"]):
        await asyncio.sleep(0)
        trigger = make_trigger(plan["subject"], plan["kind"], number, plan["poll_interval"])
        rounds = tell if number == plan["waiting"] - 1 else None
        # Airflow runs each trigger in an asyncio task with its own context.
        run = _run(number, trigger, manager, tell, rounds)
        tasks.append(asyncio.create_task(run, context=contextvars.copy_context()))
    return tasks


async def _run(
    number: int, trigger: BaseTrigger, manager: SharedStreamManager, tell: Tell, rounds: Tell | None
) -> None:
    try:
        async for event in _events(number, trigger, manager, rounds):
            tell("event", payload=event.payload)
    except Exception as error:
        tell("failed", error=f"{type(error).__name__}: {error}")
        raise


def _events(number: int, trigger: BaseTrigger, manager: SharedStreamManager, rounds: Tell | None) -> AsyncIterator[Any]:
    from airflow.triggers.base import BaseEventTrigger

    key = trigger.shared_stream_key() if isinstance(trigger, BaseEventTrigger) else None
    if key is None or not isinstance(trigger, BaseEventTrigger):
        return trigger.run()
    stream = manager.subscribe(trigger_id=number, trigger=trigger, key=key)
    return trigger.filter_shared_stream(_told(stream, rounds) if rounds else stream)


async def _told(stream: AsyncIterator[Any], tell: Tell) -> AsyncIterator[Any]:
    """Report each round of the shared poll after the last task, and so every task, has processed it."""
    async for snapshot in stream:
        yield snapshot
        tell("round")


def main() -> None:
    """Run the plan in the first argument, a JSON object."""
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Keeps Airflow's own output out of the events.
    plan = json.loads(sys.argv[1])
    for module in (*COMMON, MODULES[plan["subject"]]):
        importlib.import_module(module)
    # Otherwise a full collection, which takes 0.2 s after Airflow's imports, could fall into the measurement.
    gc.collect()

    def tell(what: str, **more: Any) -> None:
        print(json.dumps({"what": what, **more}), file=lines, flush=True)

    asyncio.run(stay(plan, tell))


if __name__ == "__main__":
    main()
