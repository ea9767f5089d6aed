"""Where an Airflow looks for DAG files, as its configuration has it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path


def dag_bundles(folders: Iterable[Path]) -> str:
    """Write ``[dag_processor] dag_bundle_config_list``.

    :param folders: of DAG files; absolute.
    """
    bundles = [
        {
            "name": "-".join(folder.parts[-3:]),
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(folder)},
        }
        for folder in folders
    ]
    return json.dumps(bundles)
