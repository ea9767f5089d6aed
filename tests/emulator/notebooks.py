"""Reads a job's notebooks from S3 and runs their code as their readers do, with boto3 and pandas."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from demo.sandbox import REGION
from tests.emulator.downloads import body

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def code_of(s3: S3Client, uri: str) -> list[str]:
    """Read the code cells of a notebook."""
    notebook = json.loads(body(s3, uri))
    assert notebook["nbformat"] == 4
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def output_of(s3: S3Client, *cells: str) -> str:
    """Run code cells in another process, which finds the emulator by its environment, and return what they print."""
    environment = {**os.environ, "AWS_ENDPOINT_URL": s3.meta.endpoint_url, "AWS_DEFAULT_REGION": REGION}
    environment |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    command = [sys.executable, "-c", "\n".join(cells)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    return result.stdout
