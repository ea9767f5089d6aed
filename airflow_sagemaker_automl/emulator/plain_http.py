"""The emulator's control interface for tests, beside AWS's services: plain HTTP with JSON at ``/automl-emulator/``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/automl-emulator/"


class PlainHttp:
    """Routes each request to the resource whose name follows the prefix; a WSGI application.

    :param resources: applications by resource name.
    """

    def __init__(self, resources: Mapping[str, WSGIApplication]) -> None:
        self._resources = resources

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        name = path.removeprefix(PREFIX).partition("/")[0]
        if name in self._resources:
            return self._resources[name](environ, start_response)
        known = ", ".join(PREFIX + resource for resource in self._resources)
        nothing = json_answer(HTTPStatus.NOT_FOUND, {"Message": f"There is nothing at {path}; valid are: {known}."})
        return nothing(environ, start_response)


def json_answer(status: HTTPStatus, body: dict[str, Any]) -> Response:
    """Make a response with a JSON object."""
    return Response(json.dumps(body), status, content_type="application/json")
