"""The connection arguments of operators and triggers."""

from __future__ import annotations

from typing import Any, TypedDict


class Connection(TypedDict):
    """The four connection arguments as one value, mainly for triggers.

    ``aws_conn_id``: Airflow connection for AWS; None uses boto3's own search for credentials.
    ``region_name``: AWS region; None uses the connection's.
    ``verify``: whether to verify TLS certificates, or the path of a CA bundle; None uses the connection's.
    ``botocore_config``: arguments of :class:`botocore.config.Config`.
    """

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None
