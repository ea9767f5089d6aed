"""A connection to the emulator that looks like one to AWS, so that there is a console."""

from __future__ import annotations

import json
from typing import Any


def extra_with_console(url: str, region: str) -> dict[str, Any]:
    """Give the extra of an AWS connection whose endpoint is the service's own, reached over a proxy: the emulator.

    Without TLS a proxy is sent the whole address, and the emulator takes the request for one to itself.

    :param url: of the emulator.
    """
    return {
        "region_name": region,
        "endpoint_url": url,
        "service_config": {"sagemaker": {"endpoint_url": f"http://api.sagemaker.{region}.amazonaws.com"}},
        "config_kwargs": {"proxies": {"http": url}},
    }


def connection_with_console(url: str, region: str) -> str:
    """Write such a connection as Airflow reads it from the environment."""
    extra = extra_with_console(url, region)
    return json.dumps({"conn_type": "aws", "login": "emulator", "password": "emulator", "extra": extra})
