"""Which operation of which service a request asks for, and whether Airflow asks."""

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
# Services whose requests name no operation, by the name that they are signed with.
_MODELS = {"s3": ("s3",), "sagemaker": ("sagemaker-runtime", "sagemaker-metrics")}
# What the Amazon provider writes into the user agent; the last part is the class that made the client.
_AIRFLOW = re.compile(r"\bAirflow/\S+ AmPP/\S+ Caller/(?P<caller>\S+)")
# It assumes roles with a client of its own, which says nothing but this.
_AIRFLOW_SESSION = "airflow_"
_VIRTUAL_HOST = re.compile(r"(?P<bucket>[a-z0-9.-]+)\.localhost(:\d+)?")
_PLACEHOLDER = re.compile(r"\{(\w+)(\+?)\}")


class Call(NamedTuple):
    """A call of an AWS service.

    :param service: the name that requests are signed with, which is that of its IAM actions: ``s3`` for example.
    :param operation: as the API reference has it, ``ListObjectsV2`` for example.
    :param airflow: where Airflow calls, the class that calls, or ``Unknown``; None for others.
    """

    service: str
    operation: str
    airflow: str | None


def call_of(environ: WSGIEnvironment) -> Call | None:
    """Tell what a request asks for; None for one that is no call of an AWS service.

    :param environ: the request, which can be read again afterwards.
    """
    service = Caller.of(environ).service or ("sagemaker" if _target(environ) else None)
    if service is None:
        return None
    form = _form(environ)
    operation = _target(environ) or form.get("Action") or _operation_by_route(service, environ)
    return Call(service, operation, _airflow(environ, form)) if operation else None


def named_operation(environ: WSGIEnvironment) -> str:
    """Read a request's operation from its target, or from the form that STS and IAM have instead; else it is empty.

    :param environ: the request, which can be read again afterwards.
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
    """How the requests for one operation look.

    :param query: parts of the query that are always the same.
    :param query_names: parts of the query that are always there.
    :param headers: headers that are always there, as WSGI names them.
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
        """How much it takes to fit: of several routes the narrowest is meant."""
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
    """Make a pattern of a path such as ``/{Bucket}/{Key+}``, in which a plus sign lets slashes in."""
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
    """Find the operation that a request without a name for it means, by method, path, query and headers."""
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    host = _VIRTUAL_HOST.fullmatch(environ.get("HTTP_HOST", ""))
    if host:
        path = f"/{host['bucket']}{path}"
    query = frozenset(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    fitting = (route.operation for route in _routes(service) if route.fits(method, path, query, environ))
    return next(fitting, "")
