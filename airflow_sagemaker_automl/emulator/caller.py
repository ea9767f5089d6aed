"""Reads the caller and the service of a request from its signature, as moto does for the other services."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from moto.iam.models import get_account_id_from

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_DEFAULT_REGION = "us-east-1"


class Caller(NamedTuple):
    """The sender of a request.

    :param account: AWS account.
    :param region: the region that the request is for.
    :param service: the name that the request was signed with; None without a signature.
    :param access_key: the key's identifier; None without a signature.
    """

    account: str
    region: str
    service: str | None
    access_key: str | None

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> Caller:
        """Read a request's signature; without one the caller is moto's default account in us-east-1."""
        credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        named = os.environ.get("MOTO_ACCOUNT_ID") or environ.get("HTTP_X_MOTO_ACCOUNT_ID")
        account = named or get_account_id_from(credential["key"] if credential else "")
        if credential is None:
            return cls(account, _DEFAULT_REGION, None, None)
        return cls(account, credential["region"], credential["service"], credential["key"])
