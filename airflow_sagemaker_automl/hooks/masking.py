"""Mask secrets in ``botocore_config``; Airflow itself masks the secrets of the connection."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from airflow_sagemaker_automl.core.values.literals import at, mapping


def proxy_passwords(botocore_config: Any) -> set[str]:
    """Find the passwords of proxies, both plain and URL-encoded.

    :param botocore_config: arguments of botocore's ``Config``, rendered or not.
    """
    found = set()
    for proxy in mapping(at(botocore_config, "proxies")).values():
        password = None
        with suppress(ValueError):
            password = urlsplit(proxy if "://" in str(proxy) else f"//{proxy}").password
        if password and "{{" not in password:
            found |= {password, unquote(password)}
    return found


def mask_proxy_passwords(botocore_config: Any) -> None:
    """Mask the passwords of proxies as ``***`` in everything that this process logs and shows.

    :param botocore_config: arguments of botocore's ``Config``.
    """
    for password in proxy_passwords(botocore_config):
        from airflow.sdk.log import mask_secret

        mask_secret(password)
