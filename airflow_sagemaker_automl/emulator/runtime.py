"""``InvokeEndpoint``: the model behind an endpoint predicts; the runtime's other operations answer an error.

Input and output of successful invocations are captured as the endpoint's ``DataCaptureConfig`` says.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.caller import Caller
from airflow_sagemaker_automl.emulator.capture import Message
from airflow_sagemaker_automl.emulator.serving import NotServed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PATH = re.compile(r"/endpoints/(?P<name>[^/]+)/(?P<kin>async-)?invocations(?P<stream>-response-stream)?")
_TARGET = "X-Amzn-SageMaker-Target-Variant"
_INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
_INVOKED = "x-Amzn-Invoked-Production-Variant"


class SageMakerRuntime:
    """SageMaker's runtime as a WSGI application."""

    @staticmethod
    def is_for(environ: WSGIEnvironment) -> bool:
        """Whether a request is for SageMaker's runtime."""
        signed = Caller.of(environ)
        return signed.service in ("sagemaker", None) and _PATH.fullmatch(environ.get("PATH_INFO", "")) is not None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        path = _PATH.fullmatch(request.path)
        assert path
        if path["kin"] or path["stream"]:
            answer = _error("ValidationError", HTTPStatus.BAD_REQUEST, "The emulator answers InvokeEndpoint only.")
        else:
            answer = _invoke(request, path["name"], Caller.of(environ))
        return answer(environ, start_response)


def _invoke(request: Request, name: str, caller: Caller) -> Response:
    account = LocalSageMaker.of(caller.account, caller.region)
    given = Message(request.get_data(), request.content_type or "")
    with account.lock:
        endpoint = account.hosting.endpoints.get(name)
        # As on the service, an endpoint that is being created cannot be found yet.
        if endpoint is None or not endpoint.takes_invocations:
            message = f"Endpoint {name} of account {caller.account} not found."
            return _error("ValidationError", HTTPStatus.BAD_REQUEST, message)
        try:
            variant, deployment = endpoint.variant_for(request.headers.get(_TARGET))
        except NotServed as error:
            return _error("ValidationError", HTTPStatus.BAD_REQUEST, str(error))
    try:
        body, accept = given.body.decode(errors="replace"), request.headers.get("Accept", "")
        answer = deployment.fleet.invoke(variant, body, given.content_type, accept)
    except NotServed as error:
        return _error("ModelError", HTTPStatus.FAILED_DEPENDENCY, str(error))
    if answer["status"] != HTTPStatus.OK:
        return _model_error(answer)
    answered = Message(answer["body"].encode(), answer["content_type"])
    deployment.note(variant, given, answered, request.headers.get(_INFERENCE_ID))
    response = Response(answered.body, content_type=answered.content_type)
    response.headers[_INVOKED] = variant
    return _with_request_id(response)


def _model_error(answer: Mapping[str, Any]) -> Response:
    """Pass on the container's error as the runtime does."""
    kind = "client" if answer["status"] < HTTPStatus.INTERNAL_SERVER_ERROR else "server"
    message = f'Received {kind} error ({answer["status"]}) from primary with message "{answer["body"]}".'
    details = {"OriginalMessage": answer["body"], "OriginalStatusCode": answer["status"]}
    return _error("ModelError", HTTPStatus.FAILED_DEPENDENCY, message, **details)


def _error(code: str, status: HTTPStatus, message: str, **details: Any) -> Response:
    response = Response(json.dumps({"Message": message, **details}), status, content_type="application/json")
    response.headers["x-amzn-ErrorType"] = code
    return _with_request_id(response)


def _with_request_id(response: Response) -> Response:
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response
