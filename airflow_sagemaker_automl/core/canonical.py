"""Digests of JSON values that do not depend on the order of keys."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(value: Any) -> str:
    """Identify a JSON value.

    :param value: anything that JSON can hold; what it cannot is taken as text.
    :return: SHA-256 as 64 hexadecimal digits; equal for equal values.
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
