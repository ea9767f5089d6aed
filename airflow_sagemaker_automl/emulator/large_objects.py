"""Large objects of S3: moto reads each body into memory, several times, and a whole object for each of its ranges.

Here a large object is sent from the file in which moto keeps it, large writes are done one after another, and an object
beyond a limit is refused, so that the server's memory is bounded.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeKey, s3_backends
from moto.utilities.utils import get_partition
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from airflow_sagemaker_automl.emulator.caller import Caller

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LARGEST = 2 << 30
_LARGE = 16 << 20
_CHUNK = 1 << 20
_VIRTUAL_HOST = re.compile(r"(?P<bucket>[^.]+)\..*localhost(:\d+)?")
# With other parameters, for example a part's number, moto answers; it ignores x-id.
_PLAIN = frozenset({"x-id", "versionId"})
_ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_RANGE = re.compile(r"bytes (?P<first>\d+)-(?P<last>\d+)/\d+")


class LargeObjects:
    """A WSGI application before moto.

    :param moto: answers requests, with S3 among the services.
    :param largest: size of the largest object, in bytes.
    """

    def __init__(self, moto: WSGIApplication, largest: int = LARGEST) -> None:
        self._moto = moto
        self._largest = largest
        self._writing = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if Caller.of(environ).service not in (None, "s3"):
            return self._moto(environ, start_response)
        call = _Call.of(environ)
        if environ["REQUEST_METHOD"] == "GET":
            response = self._streamed(environ, call)
            return response(environ, start_response) if response else self._moto(environ, start_response)
        size = _size(environ)
        if size + call.size_of_parts() > self._largest and environ["REQUEST_METHOD"] in ("PUT", "POST"):
            return self._refused(environ)(environ, start_response)
        if size > _LARGE or call.completes_parts(environ["REQUEST_METHOD"]):
            return self._written(environ)(environ, start_response)
        return self._moto(environ, start_response)

    def _streamed(self, environ: WSGIEnvironment, call: _Call) -> Response | None:
        """Answer GetObject with moto's headers and the content of its file; None to leave it to moto."""
        stored = call.stored()
        if stored is None or stored.contentsize <= _LARGE or stored.storage_class in _ARCHIVED:
            return None
        head = Response.from_app(self._moto, {**environ, "REQUEST_METHOD": "HEAD"})
        if head.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            return None
        part = _RANGE.fullmatch(head.headers.get("content-range", ""))
        first, last = (int(part["first"]), int(part["last"])) if part else (0, stored.contentsize - 1)
        response = Response(_content(stored, first, last), head.status_code, head.headers)
        response.content_length = last - first + 1
        return response

    def _written(self, environ: WSGIEnvironment) -> Response:
        """Let moto handle a large body, after it has arrived and when no other one is being handled."""
        with ExitStack() as stack:
            spool = stack.enter_context(tempfile.TemporaryFile())
            stream = get_input_stream(environ)
            while chunk := stream.read(_CHUNK):
                spool.write(chunk)
            spool.seek(0)
            stack.enter_context(self._writing)
            return Response.from_app(self._moto, {**environ, "wsgi.input": spool}, buffered=True)

    def _refused(self, environ: WSGIEnvironment) -> Response:
        stream = get_input_stream(environ)
        while stream.read(_CHUNK):
            pass
        message = (
            "Your proposed upload exceeds the maximum allowed object size. The emulator stores objects of up to "
            f"{self._largest >> 20} MiB."
        )
        body = f"<Error><Code>EntityTooLarge</Code><Message>{message}</Message></Error>"
        return Response(body, HTTPStatus.BAD_REQUEST, content_type="application/xml")


class _Call(NamedTuple):
    """The object that a request addresses.

    :param backend: moto's S3 of the caller's account.
    """

    backend: Any
    bucket: str
    key: str
    query: dict[str, list[str]]

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> _Call:
        caller = Caller.of(environ)
        path = environ.get("PATH_INFO", "").encode("latin-1").decode(errors="replace").removeprefix("/")
        host = _VIRTUAL_HOST.fullmatch(environ.get("HTTP_HOST", ""))
        bucket, _, key = (host["bucket"], "", path) if host else path.partition("/")
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        return cls(s3_backends[caller.account][get_partition(caller.region)], bucket, key, query)

    def stored(self) -> FakeKey | None:
        """Find an object that a request without special parameters asks for."""
        if not self.key or not self.query.keys() <= _PLAIN:
            return None
        try:
            versions = self.backend.get_bucket(self.bucket).keys.getlist(self.key, default=[])
        except S3ClientError:
            return None
        wanted = self.query.get("versionId", [None])[0]
        found = next((each for each in reversed(versions) if wanted in (None, str(each.version_id))), None)
        return found if isinstance(found, FakeKey) else None

    def completes_parts(self, method: str) -> bool:
        """Whether the request joins the parts of an upload."""
        return method == "POST" and "uploadId" in self.query

    def size_of_parts(self) -> int:
        """Size of the parts that have been uploaded before."""
        if "uploadId" not in self.query:
            return 0
        try:
            upload = self.backend.get_bucket(self.bucket).multiparts[self.query["uploadId"][0]]
        except (S3ClientError, KeyError):
            return 0
        return sum(part.contentsize for part in list(upload.parts.values()))


def _size(environ: WSGIEnvironment) -> int:
    """Size of a request's body."""
    written = environ.get("CONTENT_LENGTH") or "0"
    return int(written) if written.isdecimal() else 0


def _content(stored: FakeKey, first: int, last: int) -> Iterator[bytes]:
    while first <= last:
        with stored.lock:
            stored._value_buffer.seek(first)
            chunk = stored._value_buffer.read(min(_CHUNK, last - first + 1))
        if not chunk:
            raise ConnectionAbortedError("The object has changed while it was read.")
        first += len(chunk)
        yield chunk
