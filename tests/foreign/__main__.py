"""Start an emulator with a table in its S3, and run a client of others against it: ``python -m tests.foreign COMMAND``.

The clients import nothing of this project. They know from ``DATA`` where the table is, and from ``ROLE`` a role.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile

import boto3

from demo.sandbox import REGION, emulator

_BUCKET = "foreign"
_ROWS = 600


def _table() -> str:
    drawn = random.Random(19)
    rows = [(drawn.random(), drawn.random()) for _ in range(_ROWS)]
    return "\n".join(["x,y,label", *(f"{x:.4f},{y:.4f},{'high' if x > y else 'low'}" for x, y in rows), ""])


def main() -> int:
    """Run the command.

    :return: its exit status.
    """
    with emulator() as url, tempfile.TemporaryDirectory() as home:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_PAGER": "",
            "DATA": f"s3://{_BUCKET}/data/",
            "ROLE": "arn:aws:iam::123456789012:role/foreign",
        }
        s3 = boto3.client("s3", "us-east-1", endpoint_url=url, aws_access_key_id="key", aws_secret_access_key="secret")
        s3.create_bucket(Bucket=_BUCKET)
        s3.put_object(Bucket=_BUCKET, Key="data/table.csv", Body=_table().encode())
        return subprocess.run(sys.argv[1:], env=environment, timeout=600).returncode


if __name__ == "__main__":
    sys.exit(main())
