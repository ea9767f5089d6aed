"""How many examples Hypothesis tries: a quarter by default, all where the environment asks for them."""

from __future__ import annotations

import os

# ``make matrix`` sets it.
VARIABLE = "ALL_EXAMPLES"
_SHARE = 1.0 if os.environ.get(VARIABLE) else 0.25


def examples(number: int) -> int:
    """Count the examples to try now of those that a thorough run tries."""
    return max(1, round(number * _SHARE))
