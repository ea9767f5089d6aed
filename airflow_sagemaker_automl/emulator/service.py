"""SageMaker as a service: recognizes its requests, dispatches them, and serializes the answers (JSON 1.1)."""

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
from airflow_sagemaker_automl.emulator.operations import (
    automl,
    autopilot,
    hosting,
    model_cards,
    registry,
    search,
    tags,
    transform,
)
from airflow_sagemaker_automl.emulator.operations.left_to_moto import LEFT_TO_MOTO, require_answerable
from airflow_sagemaker_automl.emulator.operations.refused import refusal
from airflow_sagemaker_automl.emulator.roles import require_assumable_roles

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Handler = Callable[[LocalSageMaker, Members], Members]

OPERATIONS: Mapping[str, Handler] = {
    **automl.OPERATIONS,
    **autopilot.OPERATIONS,
    **registry.OPERATIONS,
    **model_cards.OPERATIONS,
    **hosting.OPERATIONS,
    **transform.OPERATIONS,
    **tags.OPERATIONS,
    **search.OPERATIONS,
}

_CONTENT_TYPE = "application/x-amz-json-1.1"
_TARGET = "SageMaker."
# moto finds a service by the signature only.
_UNSIGNED = "AWS4-HMAC-SHA256 Credential=unsigned/20250101/us-east-1/sagemaker/aws4_request"
_METRICS_PATH = "/BatchPutMetrics"


class SageMakerService:
    """SageMaker as a WSGI application.

    :param moto: moto's application, which answers the operations in ``LEFT_TO_MOTO``.
    """

    def __init__(self, moto: WSGIApplication) -> None:
        self._moto = moto

    @staticmethod
    def is_for(environ: WSGIEnvironment) -> bool:
        """Whether a request is for SageMaker, by its signature, its target or its host."""
        service = Caller.of(environ).service
        if service is not None:
            return service == "sagemaker" and environ.get("PATH_INFO") != _METRICS_PATH
        target, host = environ.get("HTTP_X_AMZ_TARGET", ""), environ.get("HTTP_HOST", "")
        return bool(target.startswith(_TARGET) or host.startswith("api.sagemaker."))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        operation, caller = _operation(request), Caller.of(environ)
        fate = LocalSageMaker.faults.fate(operation, caller) if operation else Fate()
        request.get_data()  # An unread body would reset the connection.
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
        if operation not in OPERATIONS and operation not in LEFT_TO_MOTO:
            raise UnknownOperationException(refusal(operation))
        members = check_request(operation, _json(request))
        if "Tags" in members:
            tags.require_taggable(members["Tags"])
        account = LocalSageMaker.of(caller.account, caller.region)
        require_assumable_roles(operation, members, caller.account, account.partition)
        with account.lock:
            if _is_left_to_moto(operation, members):
                require_answerable(account, operation, members)
                return self._left_to_moto(operation, request)
            answer = on_the_wire(OPERATIONS[operation](account, members))
        check_answer(operation, answer, account.seen_words)
        return json.dumps(answer) if service_model().operation_model(operation).output_shape else ""

    def _left_to_moto(self, operation: str, request: Request) -> str:
        """Let moto answer, but check the answer against the service's contract."""
        environ = {"HTTP_AUTHORIZATION": _UNSIGNED, **request.environ, "wsgi.input": io.BytesIO(request.get_data())}
        try:
            response = Response.from_app(self._moto, environ)
        except Exception as error:  # moto does not catch its own errors.
            what = f"moto failed with {type(error).__name__}: {error}"
            raise UnknownOperationException(f"The emulator cannot answer this {operation}; {what}") from error
        text = response.get_data(as_text=True)
        # moto sends an empty string where the service omits the member.
        answer = {key: item for key, item in on_the_wire(json.loads(text or "{}")).items() if item != ""}
        if response.status_code != HTTPStatus.OK:
            raise _MotoError(str(answer.get("__type", "")), str(answer.get("message") or answer.get("Message") or ""))
        try:
            check_answer(operation, answer)
        except AssertionError as error:
            raise UnknownOperationException(f"The emulator cannot answer this {operation}. {error}") from None
        return json.dumps(answer) if text else ""


class _MotoError(ServiceError):
    """An error that moto returned, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self._code = code.rpartition("#")[2] or "ValidationException"

    @property
    def code(self) -> str:
        return self._code


def _is_left_to_moto(operation: str, members: Members) -> bool:
    """Whether moto answers: its operations, and those on the tags of a resource in moto, for example an experiment."""
    if operation in tags.OPERATIONS:
        return tags.kind_of(members["ResourceArn"]) not in tags.OWN_KINDS
    return operation in LEFT_TO_MOTO


def on_the_wire(value: Any) -> Any:
    """Convert an answer to its wire format: times as seconds, without members that are None."""
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
        raise SerializationException(f"The request's body is not JSON: {error}") from None


def _written(error: ServiceError) -> str:
    return json.dumps({"__type": error.code, error_member(error.code): str(error)})
