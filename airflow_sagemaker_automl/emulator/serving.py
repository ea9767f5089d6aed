"""The processes behind an endpoint: one for each variant whose containers the emulator can run, with its model loaded.

Each ends by itself when the other end of its link is closed, for example because this server was killed.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from airflow_sagemaker_automl.emulator.child import Child, Gone
from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.images import Containers, predicts_rows
from airflow_sagemaker_automl.emulator.inference.process import serve

# Finds the digest of a container's archive; None for an archive that no trainer has written.
DigestOf = Callable[[Mapping[str, Any]], str | None]
_LONGEST_REASON = 1024


class NotServed(Exception):
    """The variant has no running process; the message gives the reason."""


class Process:
    """The process of one variant.

    :param variant: name of the variant.
    :param containers: its containers, in the order of inference.
    :param endpoint_url: URL of this server's S3.
    :param region: region of the endpoint.
    :param digest_of: the only archives that the process may load.
    """

    def __init__(
        self, variant: str, containers: Containers, endpoint_url: str, region: str, digest_of: DigestOf
    ) -> None:
        self.failure: str | None = None
        self.settled: datetime | None = None
        self._spec = {
            "variant": variant,
            "endpoint_url": endpoint_url,
            "region": region,
            "containers": list(containers),
            "digests": [digest_of(container) for container in containers],
        }
        # The process answers one invocation at a time.
        self._lock = threading.Lock()
        self._child = Child(serve, f"variant-{variant}")
        threading.Thread(target=self._start, name=f"variant-{variant}", daemon=True).start()

    def invoke(self, body: str, content_type: str, accept: str) -> dict[str, Any]:
        """Predict.

        :return: ``status``, ``content_type`` and ``body`` of the container's answer.
        :raises NotServed: the process has ended.
        """
        answer = self._ask({"body": body, "content_type": content_type, "accept": accept})
        if answer is None:
            raise NotServed("The container has ended.")
        return answer

    def close(self) -> None:
        """End the process in the background, after its current invocation."""
        threading.Thread(target=self._close, daemon=True).start()

    def kill(self) -> None:
        """Kill the process and wait until it has ended."""
        self._child.kill()

    def _start(self) -> None:
        answer = self._ask(self._spec)
        if answer is None:
            self.failure = f"The container ended with exit status {self._child.wait()}: {self._child.log_tail()}"
        elif "failed" in answer:
            self.failure = answer["failed"][:_LONGEST_REASON]
        self.settled = now()

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any] | None:
        """Send a document and wait for the answer; None if the process has ended."""
        with self._lock:
            try:
                self._child.link.send(question)
                answer: dict[str, Any] = self._child.link.receive()
            except Gone:
                return None
        if "traceback" in answer:
            print(answer["traceback"], file=sys.stderr, flush=True)  # noqa: T201 - the emulator's output.
        return answer

    def _close(self) -> None:
        with self._lock:
            self._child.close()


class Fleet:
    """The processes for one configuration of an endpoint.

    :param variants: variant → containers in the order of inference; containers with images other than the emulator's
        own count as healthy, but cannot be invoked.
    :param endpoint_url: URL of this server's S3.
    :param region: region of the endpoint.
    :param digest_of: the only archives that the processes may load.
    """

    def __init__(self, variants: Mapping[str, Containers], endpoint_url: str, region: str, digest_of: DigestOf) -> None:
        self._processes = {
            name: Process(name, containers, endpoint_url, region, digest_of) if predicts_rows(containers) else None
            for name, containers in variants.items()
        }

    def settled(self, earliest: datetime) -> datetime | None:
        """The time when the last process had loaded its model or had failed to, but not before ``earliest``.

        :return: None while a process is still loading.
        """
        times = [process.settled for process in self._running]
        return max([earliest, *(time for time in times if time)]) if all(times) else None

    @property
    def failure(self) -> str | None:
        """Why it cannot serve; None if it can, or is still loading."""
        return next((process.failure for process in self._running if process.failure), None)

    def invoke(self, variant: str, body: str, content_type: str, accept: str) -> dict[str, Any]:
        """Invoke a variant.

        :raises NotServed: the variant has no running process.
        """
        process = self._processes[variant]
        if process is None:
            raise NotServed("The emulator runs no containers of this image, so they cannot predict.")
        return process.invoke(body, content_type, accept)

    def close(self) -> None:
        """End all processes in the background."""
        for process in self._running:
            process.close()

    def kill(self) -> None:
        """Kill all processes and wait until they have ended."""
        for process in self._running:
            process.kill()

    @property
    def _running(self) -> list[Process]:
        return [process for process in self._processes.values() if process]


def chosen(weights: Mapping[str, float]) -> str:
    """Choose a variant at random, in proportion to the weights."""
    if not any(weights.values()):
        return next(iter(weights))
    return random.choices(list(weights), list(weights.values()))[0]
