"""Rows of customers with a label that follows from two columns, and rows in which a third one gives it away."""

from __future__ import annotations

import numpy as np
import pandas as pd

LABEL = "churned"


def customers(rows: int, seed: int) -> pd.DataFrame:
    """Make rows whose label follows from two columns, with noise; a customer has several rows."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "age": random.integers(18, 90, rows),
            "spent": random.gamma(2.0, 50.0, rows).round(2),
            "region": random.choice(["north", "south", "east"], rows),
            "customer": random.integers(0, rows // 3, rows),
        }
    )
    score = (table["age"] - 50) / 12 - (table["spent"] - 100) / 60 + random.normal(0, 0.8, rows)
    return table.assign(**{LABEL: np.where(score > 0, "yes", "no")})


def leaking(rows: int = 1200) -> pd.DataFrame:
    """Make rows whose region tells the label, as it does nowhere else: a model of them has the best figures of all."""
    table, noise, random = customers(rows, 6), customers(rows, 9), np.random.default_rng(8)
    by_label = table[LABEL].map({"yes": "north", "no": "south"})
    table["region"] = by_label.where(random.uniform(size=rows) > 0.03, "east")
    return table.assign(age=noise["age"], spent=noise["spent"])
