"""Tests of the supported versions, each set in its own environment.

``make matrix`` runs all sessions, ``nox --list`` shows them, and arguments after ``--`` go to pytest. The sets:

``oldest``
    the versions in Amazon MWAA's image of Airflow 3.3.1, for the packages in ``requirements/oldest.in``.
``lowest``
    the lowest versions that ``pyproject.toml`` allows.
``newest``
    the newest versions in the package index.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
OF_MWAA = "3.12"
ENDS = [("3.11", "oldest"), ("3.13", "newest")]
UNIT = "not emulator and not live and not aws"
EMULATOR = "not live and not aws"
LOCKED = ["--constraint", "requirements/development.txt"]
_KILLS = {"LIVE_KILLS": "150"}
# Locked requirements of a client → the program that uses it.
FOREIGN = {
    "aws_cli": "aws_cli.py",
    "sagemaker_sdk_2": "sagemaker_sdk_2.py",
    "sagemaker_sdk_3": "sagemaker_resources.py",
    "sagemaker_core": "sagemaker_resources.py",
}
SHOWN = ["apache-airflow", "apache-airflow-providers-amazon", "apache-airflow-providers-standard", "boto3", "moto"]

nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
# Sessions without an interpreter are listed at the end.
nox.options.error_on_missing_interpreters = False


def _offer_the_interpreters_of_pyenv() -> None:
    """Put pyenv's interpreters on PATH: pyenv's own commands there run only the selected version."""
    paths = os.environ["PATH"].split(os.pathsep)
    roots = {Path(path).parent for path in paths if Path(path).name == "shims"}
    found = [folder for root in sorted(roots) for folder in sorted(root.glob("versions/3.1[123].*/bin"))]
    os.environ["PATH"] = os.pathsep.join([*map(str, found), *paths])


_offer_the_interpreters_of_pyenv()


@nox.session
@nox.parametrize(
    "python, versions",
    [nox.param(python, versions, id=f"{versions}-{python}") for python in PYTHONS for versions in ("oldest", "newest")]
    + [nox.param(PYTHONS[0], "lowest", id=f"lowest-{PYTHONS[0]}")],
)
def unit(session: nox.Session, versions: str) -> None:
    """Run the tests that need no emulator; they also import every module."""
    _install(session, versions)
    _test(session, UNIT)


@nox.session
@nox.parametrize("python, versions", [nox.param(*end, id="-".join(reversed(end))) for end in ENDS])
def emulator(session: nox.Session, versions: str) -> None:
    """Run all tests except those that need a live Airflow."""
    _install(session, versions)
    _test(session, EMULATOR)


@nox.session(python=OF_MWAA, tags=["wheel"])
def wheel(session: nox.Session) -> None:
    """Build the package, and run the retraining DAG with it, without the checkout's sources."""
    folder = _install_built(session)
    _run_dags(session, folder, "-k", "imported or retraining", "tests/in_airflow/test_dags.py")


@nox.session(python=OF_MWAA)
def tutorial(session: nox.Session) -> None:
    """Follow the documentation's tutorial with the built package, and run all DAGs with it."""
    folder = _install_built(session)
    session.run(sys.executable, "-m", "tests.support.tutorial", session.bin, str(folder / "tutorial"), external=True)
    _run_dags(session, folder, "-m", "", "tests/in_airflow/test_dags.py", "tests/in_airflow/test_deploying.py")


@nox.session(python=OF_MWAA)
def kills(session: nox.Session) -> None:
    """Run all tests in a live Airflow, with 150 kills of tasks at any of their calls; needs PostgreSQL's server."""
    session.install("--group", "test", ".[emulator,evaluation,openlineage,scoring]", *LOCKED)
    session.install("--no-deps", "--editable", ".")
    session.run("python", "-m", "pytest", "-m", "live", "tests/live", *session.posargs, env=_KILLS)


@nox.session(python=OF_MWAA)
@nox.parametrize("client", [nox.param(client, id=client.replace("_", "-")) for client in FOREIGN])
def foreign(session: nox.Session, client: str) -> None:
    """Train, register and delete in the emulator with another client of SageMaker, which is not changed for it."""
    session.run("uv", "pip", "sync", "--quiet", "--require-hashes", f"requirements/foreign/{client}.txt")
    _drive(session, f"{session.bin}/python", f"tests/foreign/{FOREIGN[client]}")


@nox.session(python=False, name="foreign-javascript")
def foreign_javascript(session: nox.Session) -> None:
    """Do the same with the AWS SDK for JavaScript."""
    if not shutil.which("npm"):
        session.skip("It needs Node.js with npm.")
    with session.chdir("tests/foreign/javascript"):
        session.run("npm", "ci", "--no-audit", "--no-fund", "--silent", external=True)
    _drive(session, "node", "tests/foreign/javascript/client.mjs")


def _drive(session: nox.Session, *command: str) -> None:
    """Run a client against an emulator in the environment that runs this file."""
    session.run(sys.executable, "-m", "tests.foreign", *command, external=True)


def _install_built(session: nox.Session) -> Path:
    """Build the package as it is published, and install it.

    :return: a folder with only the built package.
    """
    folder = Path(session.create_tmp()).absolute()
    shutil.rmtree(folder)
    session.run("uv", "build", "--quiet", "--out-dir", str(folder / "dist"))
    (built,) = (folder / "dist").glob("*.whl")
    session.install(f"{built}[emulator,evaluation,scoring]", *LOCKED)
    return folder


def _run_dags(session: nox.Session, folder: Path, *chosen: str) -> None:
    session.install("--group", "test", *LOCKED)
    for part in ("dags", "demo", "tests"):
        shutil.copytree(part, folder / part)
    shutil.copy("pyproject.toml", folder)
    session.chdir(folder)
    session.run("python", "-c", _IS_INSTALLED)
    session.run("python", "-m", "pytest", *chosen, "-W", "default", *session.posargs)


_IS_INSTALLED = """
import airflow_sagemaker_automl as package
assert "site-packages" in package.__file__, package.__file__
"""


def _install(session: nox.Session, versions: str) -> None:
    if versions == "newest":
        session.install("--upgrade", "--group", "test", ".[emulator,evaluation,openlineage,scoring]")
    else:
        session.run("uv", "pip", "sync", "--quiet", "--require-hashes", f"requirements/{versions}.txt")
    session.install("--no-deps", "--editable", ".")
    session.run("python", "-W", "ignore", "-c", _VERSIONS, *SHOWN)


_VERSIONS = """
import sys
from importlib.metadata import version
print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in sys.argv[1:]))
"""


def _test(session: nox.Session, marks: str) -> None:
    session.run(
        *("python", "-m", "pytest", "-m", marks, "--numprocesses", "2", "--dist", "loadscope"),
        # Deprecations in other versions are not errors.
        *("-W", "default", *session.posargs),
        env={"ALL_EXAMPLES": "1"},
    )
