"""What tests stand on: one emulator for the session, with data in it, and an Airflow home for each process."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, settings

from demo.sandbox import (
    REPOSITORY,
    airflow_environment,
    emulator,
    interrupt_on_signals,
    s3_client,
    sagemaker_client,
    upload_breast_cancer,
)
from tests.support import distribution
from tests.support.dag_bundles import dag_bundles
from tests.support.examples import examples
from tests.support.jobs import put_table, slow_data
from tests.support.permission_check import PermissionCheck
from tests.support.plain_http import send
from tests.support.service_models import read_once
from tests.support.shared_emulator import SharedEmulator
from tests.support.timing import SetTiming

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

# Collecting garbage among modules and tests, which stay, would be a fifth of the time that loading them takes.
gc.disable()

# Before anything imports Airflow: its configuration is read once.
_HOME = Path(tempfile.mkdtemp(prefix="airflow-sagemaker-automl-"))
# What boto3 would find; only the tests on live AWS put it back.
_CREDENTIALS = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
for _name in [name for name in os.environ if name.startswith(("AIRFLOW", "AWS_"))]:
    del os.environ[_name]
os.environ["AIRFLOW_HOME"] = str(_HOME)
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
# As every installation has one: what Airflow stores of triggers and connections is encrypted.
os.environ["AIRFLOW__CORE__FERNET_KEY"] = Fernet.generate_key().decode()
# dag.test() finds DAGs by their bundle: those of the repository, and those that only tests need.
os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = dag_bundles(
    REPOSITORY / folder for folder in ("dags", "tests/dags")
)

os.environ.update(airflow_environment(_HOME, "http://127.0.0.1:9"))

_SHARED_EMULATOR = pytest.StashKey[SharedEmulator]()
# What takes longest to compile where nobody has imported it yet, as on a clean clone.
_LARGE_PACKAGES = ("airflow.dag_processing.dagbag", "airflow.sdk.execution_time.task_runner", "sklearn.utils")
# Whatever starts an emulator for a test.
_EMULATORS = frozenset({"emulator_url", "_private_emulator"})

read_once()

# The same examples at each run, however slow the machine: a test run tells of the change, not of luck.
settings.register_profile(
    "project",
    max_examples=examples(100),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    """Have the calls of all emulators judged at the end, by the process that begins the session."""
    if not hasattr(config, "workerinput"):
        # Before an emulator starts, which learns from it where to write its calls.
        config.pluginmanager.register(PermissionCheck(config))
        if getattr(config.option, "numprocesses", None):
            _compile_once()
    config.stash[_SHARED_EMULATOR] = SharedEmulator(config)
    config.pluginmanager.register(config.stash[_SHARED_EMULATOR])


def _compile_once() -> None:
    """Leave bytecode on the disk, before each of the processes compiles the same for itself."""
    for package in _LARGE_PACKAGES:
        import_module(package)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask an emulator, and begin with what takes longest: a live Airflow, then an emulator."""
    for item in items:
        if "tests/emulator/" in item.nodeid or _EMULATORS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.emulator)
    ask_an_emulator = {item.path for item in items if item.get_closest_marker("emulator")}
    items.sort(
        key=lambda item: (
            item.get_closest_marker("live") is None,
            item.path not in ask_an_emulator,
            distribution.LONGEST not in item.nodeid,
        )
    )


def pytest_collection_finish() -> None:
    """Collect garbage again, but not among all that was loaded."""
    gc.freeze()
    gc.enable()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> distribution.FilesTogether:
    """Distribute tests as ``tests.support.distribution`` says."""
    return distribution.scheduler(config, log)


@pytest.fixture(scope="session", autouse=True)
def _ends_on_signals() -> None:
    """Children of a test run that was started in the background are to hear Ctrl-C all the same."""
    interrupt_on_signals()


@pytest.fixture(scope="session")
def emulator_url(pytestconfig: pytest.Config) -> str:
    """URL of an emulator that all processes share; names keep tests out of each other's way, and none disturbs it."""
    url = pytestconfig.stash[_SHARED_EMULATOR].url
    os.environ.update(airflow_environment(_HOME, url))
    return url


@pytest.fixture(scope="session")
def sagemaker(emulator_url: str) -> SageMakerClient:
    """A plain boto3 client of the emulator's SageMaker."""
    return sagemaker_client(emulator_url)


@pytest.fixture(scope="session")
def s3(emulator_url: str) -> S3Client:
    """A plain boto3 client of the emulator's S3."""
    return s3_client(emulator_url)


@pytest.fixture(scope="session")
def breast_cancer(emulator_url: str) -> str:
    """S3 prefix of a real table of 569 rows whose target column is ``diagnosis``."""
    return upload_breast_cancer(emulator_url)


@pytest.fixture(scope="session")
def slow_table(s3: S3Client, breast_cancer: str) -> str:
    """S3 prefix of a table that takes far longer to train on than any test waits; target ``target``."""
    return put_table(s3, "digits", slow_data())


@pytest.fixture(scope="session")
def _private_emulator() -> Iterator[str]:
    with emulator(concurrent_jobs=2) as url:
        yield url


@pytest.fixture
def private_url(_private_emulator: str) -> str:
    """URL of an emulator with a quota of two jobs, as it is when it has just been started; nobody else uses it."""
    assert send(f"{_private_emulator}/moto-api/reset", "POST")[0] == 200
    return _private_emulator


@pytest.fixture
def private_connection(private_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Id of an Airflow connection to that emulator."""
    monkeypatch.setenv("AIRFLOW_CONN_PRIVATE", airflow_environment(_HOME, private_url)["AIRFLOW_CONN_AWS_DEFAULT"])
    return "private"


@pytest.fixture
def alone(private_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of that emulator, to which the default connection leads: for tests that count, deny or delay requests."""
    from airflow_sagemaker_automl.triggers import shared_connection

    name = "AIRFLOW_CONN_AWS_DEFAULT"
    monkeypatch.setenv(name, airflow_environment(_HOME, private_url)[name])
    # One of the same name may lead to the shared emulator.
    monkeypatch.setattr(shared_connection, "_connections", {})
    return private_url


@pytest.fixture
def aws_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give boto3 back what it would find on this machine."""
    for name, value in _CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def set_timing() -> Iterator[SetTiming]:
    """Set times of the package until the test ends."""
    from airflow_sagemaker_automl.core.values.timing import changed_timing

    with ExitStack() as changes:
        yield lambda **seconds: changes.enter_context(changed_timing(**seconds))


@pytest.fixture(scope="session", autouse=True)
def _remove_home() -> Iterator[None]:
    yield
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture
def airflow_says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let Airflow have a state for the task that asks, and a number of clears, from now on."""
    from airflow.sdk.execution_time import task_runner

    from tests.support.tasks import Supervisor

    def say(state: str | None, clear_number: int = 0) -> None:
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(state, clear_number), raising=False)

    return say
