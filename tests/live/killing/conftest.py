"""What scenarios need that kill, freeze or start parts of the live Airflow, one after the other, after all others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.statsd import StatsD, listening


@pytest.fixture(scope="session")
def statsd(described_airflow: Any) -> Iterator[StatsD]:
    """The package's metrics from all parts of the live Airflow, since the test began."""
    with listening(described_airflow["statsd_port"]) as statsd:
        yield statsd
