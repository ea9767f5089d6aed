"""Counts the answers of each operation: ``/automl-emulator/requests`` over plain HTTP.

``GET /automl-emulator/requests``
    shows the number of answers since the start or the last reset:
    ``{"Requests": {"AssumeRole": 1, "ListAutoMLJobs": 12}}``. Operations of SageMaker, STS and IAM are counted,
    including errors such as throttling. Requests whose connection was dropped have no answer and do not count.
``DELETE /automl-emulator/requests``
    resets the counts to zero; so does moto's ``POST /moto-api/reset``.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from airflow_sagemaker_automl.emulator.calls import named_operation
from airflow_sagemaker_automl.emulator.plain_http import json_answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class RequestCount:
    """Counts answers by operation, for all accounts and regions of the emulator; a WSGI application."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def counting(self, environ: WSGIEnvironment, start_response: StartResponse) -> StartResponse:
        """Wrap ``start_response`` so that it counts the answer.

        :param environ: the request, whose body stays readable.
        """
        operation = named_operation(environ)
        if not operation:
            return start_response

        def counted(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            with self._lock:
                self._counts[operation] += 1
            return start_response(status, headers, *more)

        return counted

    def clear(self) -> None:
        """Reset the counts to zero."""
        with self._lock:
            self._counts.clear()

    def _answer(self, request: Request) -> Response:
        if request.method == "GET":
            with self._lock:
                counts = dict(sorted(self._counts.items()))
            return json_answer(HTTPStatus.OK, {"Requests": counts})
        if request.method == "DELETE":
            self.clear()
            return Response(status=HTTPStatus.NO_CONTENT)
        return json_answer(HTTPStatus.METHOD_NOT_ALLOWED, {"Message": f"{request.method} is not allowed here."})
