"""How Sphinx builds this documentation; nothing is fetched from the network."""

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

# Airflow writes its configuration where it is first imported; the reader's own stays as it is.
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
# A word like `request.yaml` is no link; an address that begins with its scheme is.
myst_linkify_fuzzy_links = False

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
# What a parameter takes stands beside what it means, and the signature stays short enough for a phone.
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False

nitpicky = True
# Other projects' references are not fetched, so what is theirs is no link; what is ours has to be one.
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
    # Only what this machine has: no font and no script comes from elsewhere.
    "light_css_variables": {"font-stack": "system-ui, sans-serif", "font-stack--monospace": "ui-monospace, monospace"},
}


def _evaluate_annotations(module: ModuleType) -> None:
    """Make types of what stands beside the arguments of a module's classes, which name imports for type checkers."""
    assert module.__file__ is not None
    for node in ast.parse(Path(module.__file__).read_text()).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            exec(compile(ast.Module(node.body, []), module.__file__, "exec"), vars(module))  # noqa: S102 - our own.
    for thing in vars(module).values():
        if isinstance(thing, type) and thing.__module__ == module.__name__ and "__init__" in vars(thing):
            # Airflow wraps the constructors of operators.
            constructor = inspect.unwrap(vars(thing)["__init__"])
            hints = typing.get_type_hints(constructor)
            # What a class's docstring says of :return: is about the task, not about its constructor.
            hints.pop("return", None)
            constructor.__annotations__ = hints


for _module in pkgutil.walk_packages(airflow_sagemaker_automl.__path__, f"{airflow_sagemaker_automl.__name__}."):
    if not _module.name.startswith(f"{airflow_sagemaker_automl.__name__}.emulator") and "__main__" not in _module.name:
        _evaluate_annotations(importlib.import_module(_module.name))
