"""Answers a request that no service of the emulator takes, in the form that the client reads."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from airflow_sagemaker_automl.emulator.caller import Caller

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# The services with an XML protocol apart from S3; the AWS Query protocol is recognized by its form.
_XML_SERVICES = ("s3", "s3control", "cloudfront", "route53")
_FORM = "application/x-www-form-urlencoded"
_CHUNK = 1 << 16


def denied(environ: WSGIEnvironment, reason: str, *, code: str = "AccessDenied") -> Response:
    """Refuse a request with status 403.

    :param code: the error's code; the exception's name of JSON protocols ends in ``Exception``.
    """
    stream = get_input_stream(environ)
    while stream.read(_CHUNK):  # An unread body would reset the connection before the client has read the answer.
        pass
    if Caller.of(environ).service in _XML_SERVICES or environ.get("CONTENT_TYPE", "").startswith(_FORM):
        error = f"<Error><Code>{code}</Code><Message>{escape(reason)}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>refused</RequestId></ErrorResponse>"
        return Response(body, HTTPStatus.FORBIDDEN, content_type="application/xml")
    name = f"{code}Exception"
    body = json.dumps({"__type": name, "Message": reason, "message": reason})
    headers = {"x-amzn-ErrorType": name}
    return Response(body, HTTPStatus.FORBIDDEN, headers=headers, content_type="application/json")
