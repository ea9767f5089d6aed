"""Switches faults on and off: ``/automl-emulator/faults`` over plain HTTP.

``PUT /automl-emulator/faults``
    replaces all current faults with a document (:mod:`airflow_sagemaker_automl.emulator.faults`).
``GET /automl-emulator/faults``
    shows the current state: ``{"Faults": {…}, "ConcurrentJobs": 4, "SecondsLeft": 58.2}``: the document as it was put
    (empty without faults), the quota in effect, and the seconds until the faults end (null without an end). ``PUT``
    answers the same.
``DELETE /automl-emulator/faults``
    ends all faults; so does moto's ``POST /moto-api/reset``. Whenever faults end, the answers that they delayed are
    sent immediately.

An invalid document changes nothing and answers 400 with ``{"Message": …, "Problems": […]}``, one sentence per problem.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from airflow_sagemaker_automl.emulator.documents import InvalidDocument
from airflow_sagemaker_automl.emulator.fate import Fate, drawn
from airflow_sagemaker_automl.emulator.faults import ALL, KNOWN, Faults
from airflow_sagemaker_automl.emulator.plain_http import json_answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from airflow_sagemaker_automl.emulator.caller import Caller


@dataclass(frozen=True)
class _InForce:
    """The current faults.

    :param document: the document as it was put.
    :param ends: end on the monotonic clock; None without an end.
    :param over: set when they end or are replaced.
    """

    faults: Faults
    document: Mapping[str, Any]
    chance: random.Random
    ends: float | None
    over: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def from_now_on(cls, faults: Faults, document: Mapping[str, Any]) -> _InForce:
        ends = None if faults.lasting is None else time.monotonic() + faults.lasting
        return cls(faults, document, random.Random(faults.seed), ends)

    def seconds_left(self) -> float | None:
        return None if self.ends is None else self.ends - time.monotonic()

    def has_expired(self, key: str | None) -> bool:
        expired = self.faults.expired
        return key is not None and expired is not None and (expired == ALL or key in expired)


class FaultSwitch:
    """The current faults, for all accounts and regions of the emulator; a WSGI application.

    :param concurrent_jobs: quota of concurrent AutoML jobs, unless a fault sets another.
    """

    def __init__(self, concurrent_jobs: int) -> None:
        self._usual_concurrent_jobs = concurrent_jobs
        self._lock = threading.Lock()
        self._known_keys: set[str] = set()
        self._none = _InForce.from_now_on(Faults({}), {})
        self._latest = self._none

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    @property
    def concurrent_jobs(self) -> int:
        """The quota of concurrent AutoML jobs in each account and region."""
        return self._quota(self._in_force())

    @property
    def transform_instances(self) -> int:
        """The quota of instances of each type for transform jobs in each account and region."""
        return self._in_force().faults.transform_instances

    @property
    def stale_list_seconds(self) -> float:
        """How many seconds the lists of jobs and ``ListModelPackages`` lag behind."""
        return self._in_force().faults.stale_list

    @property
    def stale_descriptions(self) -> int:
        """How many ``DescribeModelPackage`` calls after a change show the state before it."""
        return self._in_force().faults.stale_descriptions

    @property
    def stale_tags(self) -> int:
        """How many ``ListTags`` calls for a new resource return no tags."""
        return self._in_force().faults.stale_tags

    @property
    def tokens_not_compared(self) -> bool:
        """Whether ``CreateModelPackage`` accepts a known client token without comparing the request."""
        return self._in_force().faults.tokens_not_compared

    @property
    def complete_objectives(self) -> bool:
        """Whether the candidates of jobs in tuning mode have a complete objective."""
        return self._in_force().faults.complete_objectives

    def fate(self, operation: str, caller: Caller) -> Fate:
        """Draw the fate of a request to SageMaker."""
        with self._lock:
            in_force = self._in_force()
            expired = in_force.has_expired(caller.access_key)
            if caller.access_key:
                self._known_keys.add(caller.access_key)
            fate = drawn(in_force.faults, operation, has_expired=expired, chance=in_force.chance.random)
        left = in_force.seconds_left()
        latency = fate.latency if left is None else max(0.0, min(fate.latency, left))
        return replace(fate, latency=latency, over=in_force.over)

    def clear(self) -> None:
        """End all faults."""
        self._switch(Faults({}), {})

    def reset(self) -> None:
        """End all faults, and forget the known access keys."""
        self.clear()
        with self._lock:
            self._known_keys.clear()

    def _answer(self, request: Request) -> Response:
        if request.method == "GET":
            return self._shown()
        if request.method == "PUT":
            return self._replace(request.get_data())
        if request.method == "DELETE":
            self.clear()
            return Response(status=HTTPStatus.NO_CONTENT)
        return json_answer(HTTPStatus.METHOD_NOT_ALLOWED, {"Message": f"{request.method} is not allowed here."})

    def _replace(self, body: bytes) -> Response:
        try:
            faults = Faults.from_json(body)
        except InvalidDocument as error:
            return json_answer(HTTPStatus.BAD_REQUEST, {"Message": str(error), "Problems": error.problems})
        self._switch(faults, json.loads(body))
        return self._shown()

    def _switch(self, faults: Faults, document: Mapping[str, Any]) -> None:
        with self._lock:
            if faults.expired == KNOWN:
                faults = replace(faults, expired=frozenset(self._known_keys))
            before, self._latest = self._latest, _InForce.from_now_on(faults, document)
        before.over.set()

    def _in_force(self) -> _InForce:
        latest = self._latest
        left = latest.seconds_left()
        return latest if left is None or left > 0 else self._none

    def _quota(self, in_force: _InForce) -> int:
        faulty = in_force.faults.concurrent_jobs
        return self._usual_concurrent_jobs if faulty is None else faulty

    def _shown(self) -> Response:
        in_force = self._in_force()
        left = in_force.seconds_left()
        shown = {
            "Faults": in_force.document,
            "ConcurrentJobs": self._quota(in_force),
            "SecondsLeft": None if left is None else round(max(0.0, left), 3),
        }
        return json_answer(HTTPStatus.OK, shown)
