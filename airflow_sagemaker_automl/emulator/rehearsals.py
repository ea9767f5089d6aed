"""The scripts of the emulator: ``/automl-emulator/scripts`` over plain HTTP.

``PUT /automl-emulator/scripts/NAME``
    creates or replaces a script. With ``?job-names=PATTERN`` (``*`` and ``?``, ignoring case) it applies to all jobs
    with matching names. With ``?model-package-groups=PATTERN`` it is a script for versions
    (:mod:`airflow_sagemaker_automl.emulator.package_script`) of all groups with matching names, and with
    ``?transform-jobs=PATTERN`` one for transform jobs (:mod:`airflow_sagemaker_automl.emulator.transform_script`).
``GET /automl-emulator/scripts``
    lists them as ``{"Scripts": [{"Name": …, "JobNames": …, "Script": …}]}``; scripts for versions have
    ``ModelPackageGroups`` in place of ``JobNames``, those for transform jobs ``TransformJobs``.
``GET /automl-emulator/scripts/NAME``
    shows one entry of that list.
``DELETE /automl-emulator/scripts/NAME``
    deletes it; its jobs and versions continue to follow it, and those that it holds end.

An invalid script answers 400 with ``{"Message": …, "Problems": […]}``, one sentence per problem.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from werkzeug.wrappers import Request, Response

from airflow_sagemaker_automl.emulator.documents import InvalidDocument
from airflow_sagemaker_automl.emulator.package_script import PackageScript
from airflow_sagemaker_automl.emulator.plain_http import PREFIX, json_answer
from airflow_sagemaker_automl.emulator.script import Script
from airflow_sagemaker_automl.emulator.transform_script import TransformScript

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_RESOURCE = re.compile(r"/automl-emulator/scripts(?:/(?P<name>[^/]+))?/?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

_AnyScript = Script | PackageScript | TransformScript
_Kind = TypeVar("_Kind", Script, PackageScript, TransformScript)
_SHOWN_AS = {Script: "JobNames", PackageScript: "ModelPackageGroups", TransformScript: "TransformJobs"}
# Query parameter → the kind of script that it is for.
_PATTERNS: Mapping[str, type[_AnyScript]] = {
    "job-names": Script,
    "model-package-groups": PackageScript,
    "transform-jobs": TransformScript,
}


class _Entry(NamedTuple):
    name: str
    pattern: str | None
    script: _AnyScript
    document: Any

    def shown(self) -> dict[str, Any]:
        return {"Name": self.name, _SHOWN_AS[type(self.script)]: self.pattern, "Script": self.document}


class Rehearsals:
    """Scripts by name, for all accounts and regions of the emulator; a WSGI application."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def find(self, name: str, kind: type[_Kind]) -> _Kind | None:
        """Find a script of a kind."""
        entry = self._entries.get(name)
        return entry.script if entry and isinstance(entry.script, kind) else None

    def matching(self, job_name: str, kind: type[Script | TransformScript]) -> str | None:
        """Find the script for jobs with this name; if several match, the one that was put last.

        :param kind: the scripts for jobs of their kind.
        :return: the script's name.
        """
        return next((entry.name for entry in self._matching(job_name) if isinstance(entry.script, kind)), None)

    def for_group(self, group: str) -> PackageScript | None:
        """Find the script for versions of this group; if several match, the one that was put last."""
        scripts = (entry.script for entry in self._matching(group))
        return next((script for script in scripts if isinstance(script, PackageScript)), None)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def _matching(self, name: str) -> Iterator[_Entry]:
        with self._lock:
            entries = list(self._entries.values())
        return (
            entry for entry in reversed(entries) if entry.pattern and fnmatchcase(name.lower(), entry.pattern.lower())
        )

    def _answer(self, request: Request) -> Response:
        resource = _RESOURCE.fullmatch(request.path)
        if not resource:
            return json_answer(
                HTTPStatus.NOT_FOUND, {"Message": f"There is nothing at {request.path}; see {PREFIX}scripts."}
            )
        name = resource["name"]
        if request.method == "PUT" and name:
            return self._put(name, request)
        if name is None and request.method == "GET":
            return json_answer(HTTPStatus.OK, {"Scripts": [entry.shown() for entry in list(self._entries.values())]})
        if name is None or request.method not in ("GET", "DELETE"):
            return json_answer(HTTPStatus.METHOD_NOT_ALLOWED, {"Message": f"{request.method} is not allowed here."})
        with self._lock:
            entry = self._entries.get(name)
            if entry and request.method == "DELETE":
                del self._entries[name]
                entry.script.let_go()
                return Response(status=HTTPStatus.NO_CONTENT)
        if entry is None:
            return json_answer(HTTPStatus.NOT_FOUND, {"Message": f"There is no script {name}."})
        return json_answer(HTTPStatus.OK, entry.shown())

    def _put(self, name: str, request: Request) -> Response:
        if not _NAME.fullmatch(name):
            message = f"{name} is not a valid name for a script; it must match {_NAME.pattern}."
            return json_answer(HTTPStatus.BAD_REQUEST, {"Message": message, "Problems": [message]})
        try:
            entry = _read(name, request)
        except InvalidDocument as error:
            message = f"The script {name} is not valid: {error}"
            return json_answer(HTTPStatus.BAD_REQUEST, {"Message": message, "Problems": error.problems})
        with self._lock:
            known = self._entries.pop(name, None)  # So that it counts as put last.
            self._entries[name] = entry
        if known:
            known.script.let_go()
        return json_answer(HTTPStatus.OK if known else HTTPStatus.CREATED, entry.shown())


def _read(name: str, request: Request) -> _Entry:
    body, given = request.get_data(), [parameter for parameter in _PATTERNS if request.args.get(parameter)]
    if len(given) > 1:
        raise InvalidDocument(
            [f"A script is for jobs of one kind or for versions; give one of {', '.join(_PATTERNS)}."]
        )
    parameter = given[0] if given else "job-names"
    script = _PATTERNS[parameter].from_json(body)
    return _Entry(name, request.args.get(parameter), script, json.loads(body))
