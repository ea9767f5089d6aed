"""``make ui``: run a local Airflow with this repository's DAGs and the emulator, until Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
from pathlib import Path

from demo.alone import alone
from demo.progress import JobProgress
from demo.sandbox import (
    BUCKET,
    REPOSITORY,
    TABLES,
    emulator,
    interrupt_on_signals,
    s3_client,
    sagemaker_client,
    upload_breast_cancer,
)
from demo.standalone import Airflow, standalone

HOMES = REPOSITORY / "build" / "ui"
TOUR = f"""\
1. Open "1. Train, judge, register, approve", and press Trigger. Set the training data to
   s3://{BUCKET}/breast-cancer-in-haste/, and "Who approves" to "a person, in Airflow".
2. After half a minute the home page shows a required action. Open it, and approve.
   Then "3. Deploy an approved version" starts; its task "predict" has a prediction.
   So does "4. Score a table with the model in charge"; its task "score" names the table,
   which a browser downloads from the emulator: EMULATOR/{BUCKET}/scores/DAY/scores.csv
3. Trigger the first DAG again, with s3://{BUCKET}/breast-cancer-damaged/.
   The model is rejected: "judge" and all tasks after it are skipped; its log says why.
4. Trigger it with s3://{BUCKET}/breast-cancer/, a margin of 0.01, and "a person, in
   SageMaker Studio". docs/how-to/studio.md shows how to approve without Studio.
"""
DEFAULT_PORT = 8080


def main() -> int:
    """Serve until interrupted.

    :return: exit status: 0 after a clean shutdown.
    """
    port = os.environ.get("PORT", str(DEFAULT_PORT))
    if not port.isdecimal() or not 0 < int(port) < 65536:
        print(f"PORT={port} is not a port number (1 to 65535); try: make ui PORT={DEFAULT_PORT}", file=sys.stderr)
        return 1
    if _taken(int(port)):
        print(f"Port {port} is in use; try: make ui PORT={_free_port_after(int(port))}", file=sys.stderr)
        return 1
    interrupt_on_signals()
    # One home per port, so that a second start does not affect the first.
    home = HOMES / port
    try:
        with alone(home, f"make ui PORT={port}"), emulator() as url:
            shutil.rmtree(home, ignore_errors=True)
            print("Starting Airflow; this takes about half a minute. Ctrl-C stops it and the emulator.", flush=True)
            upload_breast_cancer(url)
            let_browsers_read(url)
            with standalone(home, url, int(port), tell=_say) as airflow:
                _serve(airflow, url, home)
    except KeyboardInterrupt:
        print("\nEmulator and Airflow are stopped.")
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def let_browsers_read(url: str) -> None:
    """Allow requests without a signature to read the objects, as S3 does only with such a policy.

    :param url: URL of the emulator.
    """
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    s3_client(url).put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def _serve(airflow: Airflow, emulator_url: str, home: Path) -> None:
    print(f"\n  Airflow   {airflow.url}\n  User      {airflow.user}\n  Password  {airflow.password}")
    print(f"  Emulator  {emulator_url}\n  Log       {(home / 'standalone.log').relative_to(REPOSITORY)}")
    print(f"  Tables    {', '.join(f's3://{BUCKET}/{table}/' for table in TABLES)}\n")
    print(f"{TOUR.replace('EMULATOR', emulator_url)}\nThe progress of the jobs appears here:", flush=True)
    progress = JobProgress(sagemaker_client(emulator_url))
    while True:
        for line in progress.news():
            _say(line)
        time.sleep(1)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port_after(port: int) -> int:
    return next((other for other in range(port + 1, 65536) if not _taken(other)), DEFAULT_PORT)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
