"""``InvokeEndpoint`` and its kin: refused in the runtime's own words, since no container runs behind an endpoint."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.caller import Caller

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PATH = re.compile(r"/endpoints/(?P<name>[^/]+)/(async-)?invocations(-response-stream)?")


class SageMakerRuntime:
    """SageMaker's runtime as a WSGI application."""

    @staticmethod
    def is_for(environ: WSGIEnvironment) -> bool:
        """Tell whether a request invokes an endpoint."""
        signed = Caller.of(environ)
        return signed.service in ("sagemaker", None) and _PATH.fullmatch(environ.get("PATH_INFO", "")) is not None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        caller, path = Caller.of(environ), _PATH.fullmatch(Request(environ).path)
        assert path
        account = LocalSageMaker.of(caller.account, caller.region)
        with account.lock:
            endpoint = account.hosting.endpoints.get(path["name"])
        if endpoint is None:
            message = f"Endpoint {path['name']} of account {caller.account} not found."
            answer = _error("ValidationError", HTTPStatus.BAD_REQUEST, message)
        else:
            message = f"The emulator runs no containers, so {endpoint.name} cannot predict."
            answer = _error("ModelError", HTTPStatus.FAILED_DEPENDENCY, message)
        return answer(environ, start_response)


def _error(code: str, status: HTTPStatus, message: str) -> Response:
    response = Response(json.dumps({"Message": message}), status, content_type="application/json")
    response.headers["x-amzn-ErrorType"] = code
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response
