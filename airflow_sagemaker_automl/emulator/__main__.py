"""Command line of the emulator: ``python -m airflow_sagemaker_automl.emulator --port 5000``."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType

DEFAULT_PORT = 5000
# AWS's default in its largest regions; in others it is 2 or 1.
DEFAULT_CONCURRENT_JOBS = 4
# More would slow each other down on few cores; each needs up to 0.5 GiB.
DEFAULT_CONCURRENT_TRAININGS = 8
_MOST_FILES = 1 << 16
RECORD_CALLS_VARIABLE = "AUTOML_EMULATOR_RECORD_CALLS"
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_sagemaker_automl.emulator",
        description=(
            "Serve S3, STS, IAM and SageMaker on loopback. AutoML jobs really train; all state is lost when the server "
            "stops. Over plain HTTP, /automl-emulator/scripts takes scripts for jobs, and /automl-emulator/faults "
            "takes faults to inject."
        ),
    )
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="port on 127.0.0.1; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--concurrent-jobs",
        type=_quota,
        default=DEFAULT_CONCURRENT_JOBS,
        metavar="N",
        help="quota of concurrent AutoML jobs in each account and region; a job beyond it is refused with "
        "ResourceLimitExceeded; 0 refuses every job (default: %(default)s)",
    )
    parser.add_argument(
        "--concurrent-trainings",
        type=_places,
        default=DEFAULT_CONCURRENT_TRAININGS,
        metavar="N",
        help="how many jobs train or transform at the same time, since each needs memory; further jobs wait "
        "in progress until one ends (default: %(default)s)",
    )
    parser.add_argument(
        "--allow-host",
        type=_host,
        action="append",
        default=[],
        metavar="NAME",
        help="also accept requests that address the emulator by this name, or by a name below it (S3 buckets); may be "
        "repeated. Default: only 127.0.0.1, localhost and names below it, and any name from clients that use the "
        "emulator as their HTTP proxy",
    )
    parser.add_argument("--log-requests", action="store_true", help="write a line for each request to standard error")
    parser.add_argument(
        "--record-calls",
        type=_folder,
        default=os.environ.get(RECORD_CALLS_VARIABLE) or None,
        metavar="FOLDER",
        help="record in this folder which operations are called, and by which Airflow operator, for example to find "
        f"out which permissions a DAG needs (default: the environment variable {RECORD_CALLS_VARIABLE})",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number (0 to 65535)")
    return int(text)


def _quota(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of jobs (0 or more)")
    return int(text)


def _places(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of jobs (1 or more)")
    return int(text)


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a host name; give it without scheme, port and wildcards")
    return text


def _folder(text: str) -> Path:
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be created as a folder: {error.strerror}") from None
    return folder


def _allow_many_files() -> None:
    """Raise the limit of open files to the highest allowed: each S3 object of some megabytes, and each part, is one."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft < most:
        with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit that it does not show.
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted.

    :return: exit status.
    """
    options = _parser().parse_args(arguments)
    try:
        from airflow_sagemaker_automl.emulator.server import Emulator, PortTaken
    except ImportError as error:
        print(f"{error}. The emulator needs: pip install 'airflow-sagemaker-automl[emulator]'", file=sys.stderr)
        return 1
    _allow_many_files()
    # A shell that starts it in the background sets SIGINT to be ignored.
    for how in (signal.SIGTERM, signal.SIGINT):
        signal.signal(how, _interrupt)
    try:
        emulator = Emulator(
            options.port,
            concurrent_jobs=options.concurrent_jobs,
            concurrent_trainings=options.concurrent_trainings,
            log_requests=options.log_requests,
            record_calls=options.record_calls,
            allowed_hosts=options.allow_host,
        )
    except PortTaken as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Emulator ready on {emulator.url}", flush=True)
    try:
        emulator.serve()
    except KeyboardInterrupt:
        print("Emulator stopped.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
