"""JSON values in one form: their digests, and their text on one line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest(value: Any) -> str:
    """Compute the digest of a JSON value.

    :param value: any JSON value; other objects are converted to strings.
    :return: SHA-256 as 64 hexadecimal digits; equal for equal values.
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def compact(card: Mapping[str, Any]) -> str:
    """Write a model card as the service takes it: on one line, because its pattern allows no line break."""
    return json.dumps(card, separators=(",", ":"), allow_nan=False)
