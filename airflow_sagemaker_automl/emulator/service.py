"""SageMaker's front door: which requests are its own, who answers them, and how an answer travels (JSON 1.1)."""

from __future__ import annotations

import io
import json
import traceback
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.caller import Caller
from airflow_sagemaker_automl.emulator.contract import check_answer, check_request, error_member, service_model
from airflow_sagemaker_automl.emulator.errors import (
    InternalFailure,
    SerializationException,
    ServiceError,
    UnknownOperationException,
)
from airflow_sagemaker_automl.emulator.fate import Fate, hang_up
from airflow_sagemaker_automl.emulator.listing import Members
from airflow_sagemaker_automl.emulator.operations import automl, autopilot, hosting, registry, search, tags
from airflow_sagemaker_automl.emulator.operations.left_to_moto import LEFT_TO_MOTO

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Handler = Callable[[LocalSageMaker, Members], Members]

OPERATIONS: Mapping[str, Handler] = {
    **automl.OPERATIONS,
    **autopilot.OPERATIONS,
    **registry.OPERATIONS,
    **hosting.OPERATIONS,
    **tags.OPERATIONS,
    **search.OPERATIONS,
}

_CONTENT_TYPE = "application/x-amz-json-1.1"
_TARGET = "SageMaker."
# moto finds a service by the signature alone.
_UNSIGNED = "AWS4-HMAC-SHA256 Credential=unsigned/20250101/us-east-1/sagemaker/aws4_request"
_METRICS_PATH = "/BatchPutMetrics"


class SageMakerService:
    """SageMaker as a WSGI application.

    :param moto: moto's application, which answers the operations that are left to it.
    """

    def __init__(self, moto: WSGIApplication) -> None:
        self._moto = moto

    @staticmethod
    def is_for(environ: WSGIEnvironment) -> bool:
        """Tell whether a request is one for SageMaker, by its signature, its target or its host."""
        service = Caller.of(environ).service
        if service is not None:
            return service == "sagemaker" and environ.get("PATH_INFO") != _METRICS_PATH
        target, host = environ.get("HTTP_X_AMZ_TARGET", ""), environ.get("HTTP_HOST", "")
        return bool(target.startswith(_TARGET) or host.startswith("api.sagemaker."))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        operation, caller = _operation(request), Caller.of(environ)
        fate = LocalSageMaker.faults.fate(operation, caller) if operation else Fate()
        request.get_data()  # Whoever leaves a body unread resets the connection.
        if fate.is_lost:
            hang_up(environ)
        response = self._response(request, caller, fate)
        fate.wait()
        if fate.answer_is_lost:
            hang_up(environ)
        return response(environ, start_response)

    def _response(self, request: Request, caller: Caller, fate: Fate) -> Response:
        try:
            status, body = HTTPStatus.OK, self._answer(request, caller, fate)
        except ServiceError as error:
            status, body = error.status, _written(error)
        except Exception as error:
            traceback.print_exc()
            failure = InternalFailure(f"The emulator failed at {_operation(request)}: {type(error).__name__}: {error}")
            status, body = failure.status, _written(failure)
        response = Response(body, status, content_type=_CONTENT_TYPE)
        response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
        return response

    def _answer(self, request: Request, caller: Caller, fate: Fate) -> str:
        operation = _operation(request)
        fate.raise_error(lambda: LocalSageMaker.of(caller.account, caller.region), operation, request)
        if operation in LEFT_TO_MOTO:
            return self._left_to_moto(operation, request)
        if operation not in OPERATIONS:
            raise UnknownOperationException(f"The emulator does not implement {operation or 'this request'}.")
        members = check_request(operation, _json(request))
        if "Tags" in members:
            tags.require_taggable(members["Tags"])
        if _is_left_to_moto(operation, members):
            return self._left_to_moto(operation, request)
        account = LocalSageMaker.of(caller.account, caller.region)
        with account.lock:
            answer = on_the_wire(OPERATIONS[operation](account, members))
        check_answer(operation, answer)
        return json.dumps(answer) if service_model().operation_model(operation).output_shape else ""

    def _left_to_moto(self, operation: str, request: Request) -> str:
        """Let moto answer, but hold what comes in and what goes out to the service's contract."""
        check_request(operation, _json(request))
        environ = {"HTTP_AUTHORIZATION": _UNSIGNED, **request.environ, "wsgi.input": io.BytesIO(request.get_data())}
        try:
            response = Response.from_app(self._moto, environ)
        except Exception as error:  # moto lets through whatever goes wrong in it.
            what = f"moto fails at it with {type(error).__name__}: {error}"
            raise UnknownOperationException(f"The emulator cannot answer this {operation}; {what}") from error
        text = response.get_data(as_text=True)
        # moto writes an empty text where the service leaves a member out.
        answer = {key: item for key, item in on_the_wire(json.loads(text or "{}")).items() if item != ""}
        if response.status_code != HTTPStatus.OK:
            raise _MotoError(str(answer.get("__type", "")), str(answer.get("message") or answer.get("Message") or ""))
        try:
            check_answer(operation, answer)
        except AssertionError as error:
            raise UnknownOperationException(f"The emulator cannot answer this {operation}. {error}") from None
        return json.dumps(answer) if text else ""


class _MotoError(ServiceError):
    """An error that moto has answered with, under the code that it gave."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self._code = code.rpartition("#")[2] or "ValidationException"

    @property
    def code(self) -> str:
        return self._code


def _is_left_to_moto(operation: str, members: Members) -> bool:
    """Tell whether tags are asked for of something that moto keeps, a training job for example."""
    return operation in tags.OPERATIONS and tags.kind_of(members["ResourceArn"]) not in tags.OWN_KINDS


def on_the_wire(value: Any) -> Any:
    """Write an answer as JSON has it: times as seconds, and no member that has no value."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {key: on_the_wire(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [on_the_wire(item) for item in value]
    return value


def _operation(request: Request) -> str:
    target = request.headers.get("X-Amz-Target", "")
    return target.removeprefix(_TARGET) if target.startswith(_TARGET) and request.method == "POST" else ""


def _json(request: Request) -> Any:
    try:
        return json.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise SerializationException(f"The request's body is no JSON: {error}") from None


def _written(error: ServiceError) -> str:
    return json.dumps({"__type": error.code, error_member(error.code): str(error)})
