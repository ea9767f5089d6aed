"""How Airflow sees the package: its provider record, its modules, and their import costs."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers_manager import ProvidersManager
from airflow.sdk import DAG, BaseOperator, BaseOperatorLink, BaseSensorOperator
from airflow.triggers.base import BaseTrigger

import airflow_sagemaker_automl
from airflow_sagemaker_automl import SageMakerAutoMLJobSensor, SageMakerStopAutoMLJobOperator
from airflow_sagemaker_automl.provider_info import get_provider_info
from airflow_sagemaker_automl.tasks.base import SageMakerTask
from demo.sandbox import REPOSITORY
from tests.support.task_classes import TASKS

_OURS = re.compile(r"airflow_sagemaker_automl\.(?!task_groups)")


def _import_everything() -> None:
    for found in pkgutil.walk_packages(airflow_sagemaker_automl.__path__, "airflow_sagemaker_automl."):
        if ".emulator" not in found.name and not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def _leaves(base: type) -> set[type]:
    """Find the package's classes that have no subclass in it; parts of task groups are ignored."""
    ours = {each for each in _descendants(base) if _OURS.match(each.__module__)}
    return {each for each in ours if not ours & _descendants(each)}


def _descendants(base: type) -> set[type]:
    children: set[type] = set(base.__subclasses__())
    return children.union(*map(_descendants, children))


def _path(provided: type) -> str:
    return f"{provided.__module__}.{provided.__name__}"


_import_everything()
_TASKS = _leaves(BaseOperator)
_PROVIDED: dict[str, set[type]] = {
    "operators": {each for each in _TASKS if not issubclass(each, BaseSensorOperator)},
    "sensors": {each for each in _TASKS if issubclass(each, BaseSensorOperator)},
    "hooks": _leaves(AwsBaseHook),
    "triggers": _leaves(BaseTrigger),
}


def _python(code: str) -> str:
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_airflow_lists_the_provider() -> None:
    """``airflow providers list`` shows the package with its version."""
    listed = subprocess.run(["airflow", "providers", "list", "--output", "json"], capture_output=True, text=True)
    assert listed.returncode == 0, listed.stderr
    shown = {entry["package_name"]: entry for entry in json.loads(listed.stdout)}
    assert shown["airflow-sagemaker-automl"]["version"] == airflow_sagemaker_automl.__version__


def test_the_provider_record_satisfies_airflows_schema() -> None:
    """Airflow drops a provider with an invalid record; a broken import in it would stop Airflow."""
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)
    (entry,) = entry_points(group="apache_airflow_provider", name="provider_info").select(
        module="airflow_sagemaker_automl.provider_info"
    )
    assert entry.load() is get_provider_info
    assert version("airflow-sagemaker-automl") == get_provider_info()["versions"][0]


def test_the_record_uses_no_word_that_airflow_does_not_know() -> None:
    """The schema accepts a misspelt key, which Airflow would ignore."""
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())
    # Used by the package index for releases; Airflow's own providers have it, too.
    assert set(get_provider_info()) <= {*schema["properties"], "versions"}


def test_the_record_names_what_the_package_has_and_nothing_else() -> None:
    """The record's modules have all operators, sensors, hooks, triggers and links, and no module is empty."""
    record = get_provider_info()
    for kind, classes in _PROVIDED.items():
        named = [module for entry in record[kind] for module in entry["python-modules"]]
        assert sorted(named) == sorted({provided.__module__ for provided in classes}), kind
        assert {entry["integration-name"] for entry in record[kind]} == {record["integrations"][0]["integration-name"]}
    assert sorted(record["extra-links"]) == sorted(_path(link) for link in _leaves(BaseOperatorLink))


def test_every_function_of_the_record_exists() -> None:
    """Dotted paths of the asset scheme lead to callables."""
    for entry in get_provider_info()["asset-uris"]:
        for path in (value for key, value in entry.items() if key != "schemes"):
            module, _, name = path.rpartition(".")
            assert callable(getattr(importlib.import_module(module), name))


def test_the_registry_is_told_what_airflow_is_told() -> None:
    """The file for the provider registry agrees with the record, and describes every class."""
    told, record = yaml.safe_load((REPOSITORY / ".airflow-registry.yaml").read_text()), get_provider_info()
    assert (told["package-name"], told["display-name"], told["description"]) == (
        record["package-name"],
        record["name"],
        record["description"],
    )
    for kind, classes in _PROVIDED.items():
        assert sorted(entry["module"] for entry in told[kind]) == sorted(map(_path, classes)), kind
        for entry in told[kind]:
            assert re.fullmatch(r"[A-Z].+[a-z]\.", entry["description"]), entry
    # Each page that it names is also named in the package index.
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    pages = {told[key] for key in ("docs-url", "source-url") if key in told}
    assert pages == set(project.get("urls", {}).values())


def test_airflow_lists_the_links() -> None:
    """``airflow providers links`` shows what is listed here: the links that Airflow could import."""
    assert set(get_provider_info()["extra-links"]) <= set(ProvidersManager().extra_links_class_names)


def test_the_configuration_option_has_its_default() -> None:
    """Airflow has ``[sagemaker_automl] deployment`` from the record; its default is empty."""
    code = (
        "import os; os.environ.pop('AIRFLOW__SAGEMAKER_AUTOML__DEPLOYMENT', None)\n"
        "from airflow.configuration import conf; print(repr(conf.get('sagemaker_automl', 'deployment')))"
    )
    assert _python(code).splitlines()[-1] == "''"


def test_importing_operators_loads_no_aws_sdk() -> None:
    """Importing operators in a DAG file loads no boto, no hook, no schema library and no pyarrow, numpy or scipy."""
    code = (
        "import sys; from airflow.sdk import BaseOperator; before = set(sys.modules)\n"
        "from airflow_sagemaker_automl import SageMakerAutoMLJobOperator, SageMakerRegisterCandidateOperator\n"
        "from airflow_sagemaker_automl import SageMakerModelPackageApprovalSensor, automl_retraining\n"
        "from airflow_sagemaker_automl import SageMakerBatchScoringOperator, SageMakerModelEvaluationOperator, scored\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    loaded = set(json.loads(_python(code).splitlines()[-1].replace("'", '"')))
    assert "airflow_sagemaker_automl" in loaded
    assert not loaded & {"boto3", "botocore", "jsonschema", "moto", "openlineage", "pandas", "jinja2"}
    assert not loaded & {"pyarrow", "numpy", "scipy"}


def test_the_root_imports_nothing() -> None:
    """Airflow imports the root during provider discovery."""
    code = (
        "import sys; before = set(sys.modules); import airflow_sagemaker_automl\n"
        "print(sorted(set(sys.modules) - before))"
    )
    assert _python(code).strip() == "['airflow_sagemaker_automl']"


def test_every_operator_and_sensor_is_a_public_name() -> None:
    """The tests of all operators and sensors take them from the public names, and would miss another one."""
    assert {*TASKS} == _TASKS


def test_every_public_name_is_there() -> None:
    """At run time and for type checkers, and no others."""
    for name in airflow_sagemaker_automl.__all__:
        public = getattr(airflow_sagemaker_automl, name)
        assert name == "__version__" or public.__name__ == name
    assert set(airflow_sagemaker_automl.__all__) <= set(dir(airflow_sagemaker_automl))
    with pytest.raises(AttributeError, match="SageMakerNoSuchThing"):
        _ = airflow_sagemaker_automl.SageMakerNoSuchThing
    tree = ast.parse(Path(airflow_sagemaker_automl.__file__).read_text())
    typed = {alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed - {None, "import_module"} == {*airflow_sagemaker_automl.__all__} - {"__version__"}


@pytest.mark.parametrize(
    "operator",
    TASKS,
    ids=lambda operator: str(operator.__name__),
)
def test_documented_arguments_are_what_they_say(operator: Any) -> None:
    """An argument documented as templated is a template field, and each has its own line."""
    texts = [str(text).split(":return:")[0] for text in (SageMakerTask.__doc__, operator.__doc__)]
    arguments = [argument for text in texts for argument in text.split(":param ")[1:]]
    templated = {text.partition(":")[0] for text in arguments if "(templated)" in text}
    assert templated == set(operator.template_fields)
    documented = {text.partition(":")[0] for text in arguments}
    assert set(operator.__init__.__wrapped__.__kwdefaults__ or {}) <= documented


def test_connection_arguments_follow_the_default_args() -> None:
    """Tasks of a DAG get their connection from ``default_args``."""
    with DAG(dag_id="defaults", schedule=None, default_args={"aws_conn_id": "production", "region_name": "eu-west-1"}):
        task = SageMakerStopAutoMLJobOperator(task_id="stop", job_name="job")
        sensor = SageMakerAutoMLJobSensor(task_id="wait", job_name="job", region_name="us-east-1")
    assert (task.connection["aws_conn_id"], task.connection["region_name"]) == ("production", "eu-west-1")
    assert (sensor.connection["aws_conn_id"], sensor.connection["region_name"]) == ("production", "us-east-1")
