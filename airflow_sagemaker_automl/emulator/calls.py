"""Reads from a request its service and operation, and whether Airflow sent it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, parse_qsl

import botocore.session
from werkzeug.wrappers import Request

from airflow_sagemaker_automl.emulator.caller import Caller

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from botocore.model import OperationModel

_TARGET = "SageMaker."
_FORM = "application/x-www-form-urlencoded"
# Services whose requests do not name the operation, by signing name.
_MODELS = {"s3": ("s3",), "sagemaker": ("sagemaker-runtime", "sagemaker-metrics")}
# What the Amazon provider adds to the user agent; the last part is the class that created the client.
_AIRFLOW = re.compile(r"\bAirflow/\S+ AmPP/\S+ Caller/(?P<caller>\S+)")
# The provider assumes roles with a separate client, whose user agent has only this.
_AIRFLOW_SESSION = "airflow_"
_VIRTUAL_HOST = re.compile(r"(?P<bucket>[a-z0-9.-]+)\.localhost(:\d+)?")
_PLACEHOLDER = re.compile(r"\{(\w+)(\+?)\}")


class Call(NamedTuple):
    """A call of an AWS service.

    :param service: the signing name, which is also the prefix of its IAM actions, for example ``s3``.
    :param operation: as in the API reference, for example ``ListObjectsV2``.
    :param airflow: for calls from Airflow the calling class, or ``Unknown``; None for other callers.
    """

    service: str
    operation: str
    airflow: str | None


def call_of(environ: WSGIEnvironment) -> Call | None:
    """Find the call that a request makes; None if it is not a call to an AWS service.

    :param environ: the request, whose body stays readable.
    """
    service = Caller.of(environ).service or ("sagemaker" if _target(environ) else None)
    if service is None:
        return None
    form = _form(environ)
    operation = _target(environ) or form.get("Action") or _operation_by_route(service, environ)
    return Call(service, operation, _airflow(environ, form)) if operation else None


def named_operation(environ: WSGIEnvironment) -> str:
    """Read the operation from a request's target, or from the form of STS and IAM; empty if it names none.

    :param environ: the request, whose body stays readable.
    """
    return _target(environ) or _form(environ).get("Action", "")


def _target(environ: WSGIEnvironment) -> str:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    return target.removeprefix(_TARGET) if target.startswith(_TARGET) else ""


def _form(environ: WSGIEnvironment) -> Mapping[str, str]:
    if environ.get("PATH_INFO") != "/" or not environ.get("CONTENT_TYPE", "").startswith(_FORM):
        return {}
    body = Request(environ).get_data()
    environ["wsgi.input"] = io.BytesIO(body)
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _airflow(environ: WSGIEnvironment, form: Mapping[str, str]) -> str | None:
    said = _AIRFLOW.search(environ.get("HTTP_USER_AGENT", ""))
    if said:
        return said["caller"]
    return "Unknown" if form.get("RoleSessionName", "").lower().startswith(_AIRFLOW_SESSION) else None


@dataclass(frozen=True)
class _Route:
    """What identifies the requests for one operation.

    :param query: query parameters with fixed values.
    :param query_names: required query parameters.
    :param headers: required headers, by WSGI name.
    """

    operation: str
    method: str
    path: re.Pattern[str]
    query: frozenset[tuple[str, str]]
    query_names: frozenset[str]
    headers: frozenset[str]

    @classmethod
    def of(cls, model: OperationModel) -> _Route:
        path, _, query = str(model.http["requestUri"]).partition("?")
        shape = model.input_shape
        members = [shape.members[name] for name in shape.required_members] if shape else []
        places = [(each.serialization.get("location"), str(each.serialization.get("name"))) for each in members]
        return cls(
            model.name,
            str(model.http["method"]),
            _pattern(path),
            frozenset(parse_qsl(query, keep_blank_values=True)),
            frozenset(name for place, name in places if place == "querystring"),
            frozenset(f"HTTP_{name.upper().replace('-', '_')}" for place, name in places if place == "header"),
        )

    @property
    def demands(self) -> int:
        """The number of conditions: if several routes match, the most specific one applies."""
        return len(self.query) + len(self.query_names) + len(self.headers)

    def fits(self, method: str, path: str, query: frozenset[tuple[str, str]], environ: WSGIEnvironment) -> bool:
        return (
            method == self.method
            and self.path.fullmatch(path) is not None
            and self.query <= query
            and self.query_names <= {name for name, _ in query}
            and self.headers <= environ.keys()
        )


def _pattern(path: str) -> re.Pattern[str]:
    """Make a pattern from a path such as ``/{Bucket}/{Key+}``; a plus sign allows slashes."""
    written = "".join(
        (".+" if part.endswith("+}") else "[^/]+") if _PLACEHOLDER.fullmatch(part) else re.escape(part)
        for part in re.split(r"(\{\w+\+?\})", path)
    )
    return re.compile(f"{written}/?", re.DOTALL)


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    return tuple(sorted(_all_routes(service), key=lambda route: route.demands, reverse=True))


def _all_routes(service: str) -> Iterator[_Route]:
    session = botocore.session.get_session()
    for name in _MODELS.get(service, ()):
        model = session.get_service_model(name)
        for operation in model.operation_names:
            yield _Route.of(model.operation_model(operation))


def _operation_by_route(service: str, environ: WSGIEnvironment) -> str:
    """Find the operation of a request that does not name it, by method, path, query and headers."""
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    host = _VIRTUAL_HOST.fullmatch(environ.get("HTTP_HOST", ""))
    if host:
        path = f"/{host['bucket']}{path}"
    query = frozenset(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    fitting = (route.operation for route in _routes(service) if route.fits(method, path, query, environ))
    return next(fitting, "")
