"""The server: moto's, on loopback, behind this emulator's SageMaker, scripts and faults."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.call_record import CallRecord
from airflow_sagemaker_automl.emulator.fault_switch import FaultSwitch
from airflow_sagemaker_automl.emulator.large_objects import LargeObjects
from airflow_sagemaker_automl.emulator.other_services import StorageOnly
from airflow_sagemaker_automl.emulator.places import TrainingPlaces
from airflow_sagemaker_automl.emulator.plain_http import PREFIX, PlainHttp
from airflow_sagemaker_automl.emulator.request_count import RequestCount
from airflow_sagemaker_automl.emulator.runtime import SageMakerRuntime
from airflow_sagemaker_automl.emulator.service import SageMakerService
from airflow_sagemaker_automl.emulator.web_pages import ProgramsOnly

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
_RESET_PATH = "/moto-api/reset"


class _QuietRequestHandler(MotoRequestHandler):
    """Does not log requests: waiting tasks make thousands of them."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


class _LoggingRequestHandler(MotoRequestHandler):
    """Writes a line for each request, with the operation, which the service's protocol puts in a header."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write, for example, ``POST / SageMaker.ListAutoMLJobs 200``."""
        operation = self.headers.get("X-Amz-Target", "-")
        print(self.command, self.path, operation, code, file=sys.stderr, flush=True)  # noqa: T201


class PortTaken(OSError):
    """Another process listens on the emulator's port."""


class Emulator:
    """One server; its state lives as long as its process.

    :param port: TCP port on loopback; 0 takes a free one.
    :param concurrent_jobs: quota of concurrent AutoML jobs in each account and region; 0 refuses every job.
    :param concurrent_trainings: how many jobs train or transform at the same time; others wait.
    :param log_requests: write a line for each request to standard error.
    :param record_calls: folder to record calls in; None records nothing.
    :param allowed_hosts: names, apart from localhost, under which it may be addressed.
    :raises PortTaken: the port is in use.
    """

    def __init__(
        self,
        port: int,
        *,
        concurrent_jobs: int,
        concurrent_trainings: int = 8,
        log_requests: bool = False,
        record_calls: Path | None = None,
        allowed_hosts: Sequence[str] = (),
    ) -> None:
        faults = FaultSwitch(concurrent_jobs)
        handler = _LoggingRequestHandler if log_requests else _QuietRequestHandler
        record = None if record_calls is None else CallRecord(record_calls)
        answered = ProgramsOnly(StorageOnly(_FrontDoor(faults, record)), allowed_hosts)
        self._server = _listen(port, answered, handler)
        LocalSageMaker.install(self.url, faults, TrainingPlaces(concurrent_trainings))

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def serve(self) -> None:
        """Answer requests until the process is interrupted; then end every trainer."""
        try:
            self._server.serve_forever()
        finally:
            self._server.server_close()
            LocalSageMaker.end_all_runs()


class _FrontDoor:
    """Routes each request: to SageMaker, its runtime, the control interface, or moto.

    :param faults: the current faults.
    :param record: records the calls; None records nothing.
    """

    def __init__(self, faults: FaultSwitch, record: CallRecord | None) -> None:
        self._faults = faults
        self._record = record
        self._requests = RequestCount()
        self._plain_http = PlainHttp(
            {"scripts": LocalSageMaker.rehearsals, "faults": faults, "requests": self._requests}
        )
        self._moto = LargeObjects(DomainDispatcherApplication(create_backend_app))
        self._runtime = SageMakerRuntime()
        self._sagemaker = SageMakerService(self._moto)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == _RESET_PATH and environ["REQUEST_METHOD"] == "POST":
            # moto resets only the backends that have been used.
            LocalSageMaker.rehearsals.clear()
            LocalSageMaker.archives.clear()
            self._faults.reset()
            self._requests.clear()
        application: WSGIApplication = self._moto
        if path.startswith(PREFIX):
            application = self._plain_http
        elif self._runtime.is_for(environ):
            application = self._runtime
        elif self._sagemaker.is_for(environ):
            application = self._sagemaker
        if self._record and application is not self._plain_http:
            self._record.note(environ)
        return application(environ, self._requests.counting(environ, start_response))


def _listen(port: int, application: WSGIApplication, handler: type[MotoRequestHandler]) -> BaseWSGIServer:
    try:
        return make_server(LOOPBACK, port, application, threaded=True, request_handler=handler)
    except (OSError, SystemExit) as error:  # werkzeug exits instead of raising.
        raise PortTaken(f"Port {port} on {LOOPBACK} is in use; choose another, or 0 for a free one.") from error
