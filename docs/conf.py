"""Sphinx configuration; the build fetches nothing from the network."""

from __future__ import annotations

import ast
import atexit
import importlib
import inspect
import os
import pkgutil
import shutil
import sys
import tempfile
import typing
from pathlib import Path
from types import ModuleType

# Airflow writes its configuration when it is first imported; this keeps the user's own unchanged.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-of-the-documentation-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

import airflow_sagemaker_automl
from airflow_sagemaker_automl import __version__

project = "airflow-sagemaker-automl"
author = "airflow-sagemaker-automl maintainers"
version = release = __version__
project_copyright = author

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["images"]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "linkify"]
myst_heading_anchors = 4
# `request.yaml` must not become a link; only URLs with a scheme do.
myst_linkify_fuzzy_links = False

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
# Types are shown with the parameter descriptions, so that signatures are short enough for a phone.
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False

nitpicky = True
# Inventories of other projects are not fetched, so their names cannot be links; ours must be.
_OTHERS = "|".join(["airflow", "botocore", "mypy_boto3_s3", *sorted(sys.stdlib_module_names)])
nitpick_ignore_regex = [("py:.*", rf"({_OTHERS})(\..*)?")]

html_theme = "furo"
html_title = f"airflow-sagemaker-automl {release}"
html_static_path = ["static"]
html_css_files = ["page.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "top_of_page_buttons": [],
    # Only local fonts: the pages load nothing from other servers.
    "light_css_variables": {"font-stack": "system-ui, sans-serif", "font-stack--monospace": "ui-monospace, monospace"},
}


def _evaluate_annotations(module: ModuleType) -> None:
    """Evaluate the annotations of a module's constructors, which use imports under ``TYPE_CHECKING``."""
    assert module.__file__ is not None
    for node in ast.parse(Path(module.__file__).read_text()).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            exec(compile(ast.Module(node.body, []), module.__file__, "exec"), vars(module))  # noqa: S102 - our own.
    for thing in vars(module).values():
        if isinstance(thing, type) and thing.__module__ == module.__name__ and "__init__" in vars(thing):
            # Airflow wraps the constructors of operators.
            constructor = inspect.unwrap(vars(thing)["__init__"])
            hints = typing.get_type_hints(constructor)
            # In a class's docstring, :return: describes the task's result, not the constructor's.
            hints.pop("return", None)
            constructor.__annotations__ = hints


for _module in pkgutil.walk_packages(airflow_sagemaker_automl.__path__, f"{airflow_sagemaker_automl.__name__}."):
    if not _module.name.startswith(f"{airflow_sagemaker_automl.__name__}.emulator") and "__main__" not in _module.name:
        _evaluate_annotations(importlib.import_module(_module.name))
