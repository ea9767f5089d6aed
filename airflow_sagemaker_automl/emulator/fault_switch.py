"""Where faults are switched on and off: ``/automl-emulator/faults`` over plain HTTP.

``PUT /automl-emulator/faults``
    puts a document (:mod:`airflow_sagemaker_automl.emulator.faults`) in place of the one in force, whole.
``GET /automl-emulator/faults``
    shows what is in force: ``{"Faults": {…}, "ConcurrentJobs": 4}``, where the first is the document as it was put
    (empty without faults), the second the quota that counts. ``PUT`` answers the same.
``DELETE /automl-emulator/faults``
    ends all faults; so does moto's ``POST /moto-api/reset``.

A document with mistakes changes nothing and answers 400 with ``{"Message": …, "Problems": […]}``, one sentence for
each mistake.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from airflow_sagemaker_automl.emulator.faults import Faults, InvalidFaults
from airflow_sagemaker_automl.emulator.plain_http import json_answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class FaultSwitch:
    """The faults in force, for all accounts and regions of the emulator; a WSGI application.

    :param concurrent_jobs: quota of AutoML jobs at once where no fault says another.
    """

    def __init__(self, concurrent_jobs: int) -> None:
        self._usual_concurrent_jobs = concurrent_jobs
        self._lock = threading.Lock()
        self._faults = Faults()
        self._document: dict[str, Any] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    @property
    def concurrent_jobs(self) -> int:
        """The quota of AutoML jobs at once, in each account and region."""
        faulty = self._faults.concurrent_jobs
        return self._usual_concurrent_jobs if faulty is None else faulty

    def clear(self) -> None:
        """End all faults."""
        self._switch(Faults(), {})

    def _answer(self, request: Request) -> Response:
        if request.method == "GET":
            return self._shown()
        if request.method == "PUT":
            return self._put(request.get_data())
        if request.method == "DELETE":
            self.clear()
            return Response(status=HTTPStatus.NO_CONTENT)
        return json_answer(HTTPStatus.METHOD_NOT_ALLOWED, {"Message": f"{request.method} does not apply here."})

    def _put(self, body: bytes) -> Response:
        try:
            faults = Faults.from_json(body)
        except InvalidFaults as error:
            return json_answer(HTTPStatus.BAD_REQUEST, {"Message": str(error), "Problems": error.problems})
        self._switch(faults, json.loads(body))
        return self._shown()

    def _switch(self, faults: Faults, document: dict[str, Any]) -> None:
        with self._lock:
            self._faults, self._document = faults, document

    def _shown(self) -> Response:
        with self._lock:
            return json_answer(HTTPStatus.OK, {"Faults": self._document, "ConcurrentJobs": self.concurrent_jobs})
