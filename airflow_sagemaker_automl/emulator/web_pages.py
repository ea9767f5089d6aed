"""Refuses requests that may come from a web page: a page of any site can make a browser send requests to loopback.

Browsers mark such requests. They send ``Origin`` with requests that change something, and ``Sec-Fetch-Site`` with
requests to loopback (https://www.w3.org/TR/fetch-metadata/). A page whose own name was made to resolve to loopback (DNS
rebinding) is of the same site as the emulator, but its requests have its name as ``Host``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.emulator.denial import denied

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Browsers resolve localhost and all names below it to loopback themselves, so they cannot be rebound (RFC 6761).
_LOCALHOST = "localhost"
_LOOPBACK = ("127.0.0.1", "::1")
_NOT_FROM_A_PAGE = ("none", "same-origin")
_HOST = re.compile(r"(?:\[(?P<address>[^\]]*)\]|(?P<name>[^:]*))(?P<port>:\d*)?")
_LONGEST_SHOWN = 200


class ProgramsOnly:
    """A WSGI application that passes on only what no web page can have sent, and answers without CORS headers.

    :param application: answers the other requests.
    :param allowed_hosts: names, apart from localhost, that lead to the emulator. As with localhost, S3 buckets can be
        addressed as names below them.
    """

    def __init__(self, application: WSGIApplication, allowed_hosts: Iterable[str] = ()) -> None:
        self._application = application
        self._allowed = tuple(name.lower() for name in allowed_hosts)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reason = self._refusal(environ)
        if reason:
            return denied(environ, reason)(environ, start_response)
        return self._application(environ, _without_cors(start_response))

    def _refusal(self, environ: WSGIEnvironment) -> str | None:
        """Why a request is refused; None if it is not."""
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None:
            return f"The emulator refuses requests of web pages; this one has the Origin {_shown(origin)}."
        site = environ.get("HTTP_SEC_FETCH_SITE", "none")
        if site.strip().lower() not in _NOT_FROM_A_PAGE:
            return f"The emulator refuses requests of web pages; this one has Sec-Fetch-Site: {_shown(site)}."
        if _is_proxied(environ) or "HTTP_HOST" not in environ:
            return None
        host = self._as_local(environ["HTTP_HOST"])
        if host is None:
            return (
                f"The emulator refuses requests for other hosts; this one is for {_shown(environ['HTTP_HOST'])}. If "
                "the name leads to the emulator on purpose, start it with --allow-host and this name."
            )
        environ["HTTP_HOST"] = host
        return None

    def _as_local(self, host: str) -> str | None:
        """Translate a host to loopback or to a name of localhost, by which moto finds S3's buckets.

        :return: None if it is neither one of localhost nor allowed.
        """
        parts = _HOST.fullmatch(host)
        if not parts:
            return None
        name, port = (parts["address"] or parts["name"] or "").lower().removesuffix("."), parts["port"] or ""
        if name in _LOOPBACK:
            return f"{_LOOPBACK[0]}{port}"
        for own in (_LOCALHOST, *self._allowed):
            if name == own:
                return f"{_LOCALHOST}{port}"
            if name.endswith(f".{own}"):
                return f"{name.removesuffix(own)}{_LOCALHOST}{port}"
        return None


def _is_proxied(environ: WSGIEnvironment) -> bool:
    """Whether the client uses the emulator as its proxy: it has sent a whole URL, which no page can make a browser do.

    This is how clients reach the emulator under the names of AWS's hosts.
    """
    return str(environ.get("RAW_URI", "")).lower().startswith(("http://", "https://"))


def _without_cors(start_response: StartResponse) -> StartResponse:
    """Leave out the headers with which moto would let pages read the answers, whatever the Origin."""

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
        kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
        return start_response(status, kept, *more)

    return start


def _shown(value: str) -> str:
    return value[:_LONGEST_SHOWN]
