"""Convert the three forms of ``request`` into the arguments of ``CreateAutoMLJobV2``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core.jobs.job_request import AutoMLJobRequest
from airflow_sagemaker_automl.core.jobs.request_file import SUFFIXES, parse_request
from airflow_sagemaker_automl.core.rules import request_check
from airflow_sagemaker_automl.core.values.documents import Unreadable, read_file, require_size
from airflow_sagemaker_automl.core.values.literals import is_resolved, literal, merged, plain
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context
    from jinja2 import Environment

# Errors of the template expression itself. Other errors may come from AWS or Airflow, and a retry may help.
_OF_AN_EXPRESSION = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class RefusedAtParse(InvalidJobRequest, AirflowFailException):
    """A literal value of a request breaks a rule: an import error of the DAG.

    A mapped task is built in the worker, where it fails without retrying.
    """

    def _placed(self, violation: Violation) -> str:
        is_argument = violation.path in ("request", "extra_request")
        return str(violation) if is_argument else f"request.{violation}"


def as_template_field(request: Any) -> Any:
    """Copy a request into a form that Airflow can render.

    :param request: an :class:`AutoMLJobRequest`, a mapping, the path of a file, a template, or an XComArg.
    :return: a dictionary for the first two, text for a path, anything else unchanged.
    :raises RefusedAtParse: it is a typed request without a problem type, or contains itself.
    """
    if isinstance(request, os.PathLike):
        return os.fspath(request)
    try:
        return plain(request.to_api() if isinstance(request, AutoMLJobRequest) else request)
    except InvalidJobRequest as error:
        raise RefusedAtParse(error.violations) from None


def require_literals(request: Any, extra: Any, job_name: Any = None) -> None:
    """Check literal values at DAG parse.

    :param job_name: the operator's own argument, which overrides the name in the request.
    :raises RefusedAtParse: with all violations found.
    """
    known, known_extra = literal(request), literal(extra or {})
    named = {"AutoMLJobName": job_name} if job_name else {}
    try:
        if is_resolved(known_extra) and not isinstance(known_extra, Mapping):
            raise _no_mapping(extra)
        if isinstance(known, Mapping) and isinstance(known_extra, Mapping):
            request_check.require_literals(request, {**(extra or {}), **named})
        elif not isinstance(known, Mapping) and is_resolved(known) and not file_name(request):
            raise _unusable(request)
    except InvalidJobRequest as error:
        raise RefusedAtParse(error.violations) from None


def rendered_request(operator: BaseOperator, request: Any, extra: Any, context: Context) -> dict[str, Any]:
    """Read the rendered request; render the file if it is a path.

    :param operator: its DAG's folder and template environment are used to read a file.
    :param request: the rendered template field: a mapping, a JSON text, or the path of a file.
    :param extra: more members, deep-merged over the request.
    :raises InvalidJobRequest: it is none of these.
    """
    if isinstance(request, str) and request.strip().startswith("{"):
        request = parse_request(request, ".json")
    elif name := file_name(request):
        request = _from_file(operator, name, context)
    if not isinstance(request, Mapping):
        raise _unusable(request)
    if not isinstance(extra or {}, Mapping):
        raise _no_mapping(extra)
    return merged(request, extra or {})


def file_name(given: Any) -> str | None:
    """Return the file path in a rendered field, without the white space that a template may leave.

    :return: None if it is not the path of a supported file.
    """
    name = given.strip() if isinstance(given, str) else ""
    return name if name.lower().endswith(SUFFIXES) else None


def _from_file(operator: BaseOperator, name: str, context: Context) -> Any:
    try:
        rendered = file_text(operator, name, context)
    except Unreadable as error:
        raise InvalidJobRequest([Violation("request", name, str(error))]) from error
    # With render_template_as_native_obj, text that looks like a dictionary is rendered to one.
    return rendered if isinstance(rendered, Mapping) else parse_request(rendered, Path(name).suffix)


def file_text(operator: BaseOperator, name: str, context: Context) -> str | Mapping[str, Any]:
    """Read a file from the DAG's folder or ``template_searchpath``, and render its text.

    ``template_ext`` would do this too, but would also open every S3 URI in a request that ends in ``.json``.

    :raises Unreadable: the file is missing, is not text, or its template cannot be rendered.
    """
    from jinja2 import TemplateError, TemplateNotFound

    environment = operator.get_template_env()
    try:
        text = _source(environment, name)
    except (OSError, UnicodeDecodeError, TemplateNotFound) as error:
        rule = f"cannot be read next to the DAG file or on template_searchpath: {type(error).__name__}: {error}"
        raise Unreadable(rule) from error
    try:
        rendered = operator.render_template(text, context, environment)
    except (TemplateError, *_OF_AN_EXPRESSION) as error:
        rule = f"exists, but its template cannot be rendered: {type(error).__name__}: {error}"
        raise Unreadable(rule) from error
    return rendered if isinstance(rendered, Mapping) else str(rendered)


def _source(environment: Environment, name: str) -> str:
    """Find a file in the way of the DAG's template environment, and read it up to the size limit."""
    from jinja2 import FileSystemLoader, TemplateNotFound
    from jinja2.loaders import split_template_path

    loader = environment.loader
    assert loader is not None
    if Path(name).is_absolute() or "\0" in name:
        return read_file(name)
    if not isinstance(loader, FileSystemLoader):
        text = loader.get_source(environment, name)[0]
        require_size(text)
        return text
    places = (Path(folder, *split_template_path(name)) for folder in loader.searchpath)
    path = next(filter(Path.exists, places), None)
    if path is None:
        raise TemplateNotFound(name)
    return read_file(path)


def _no_mapping(extra: Any) -> InvalidJobRequest:
    return InvalidJobRequest([Violation("extra_request", extra, "must be a mapping of CreateAutoMLJobV2's arguments")])


def _unusable(request: Any) -> InvalidJobRequest:
    rule = (
        "must be an AutoMLJobRequest, a mapping of CreateAutoMLJobV2's arguments, "
        f"or the path of a {', '.join(SUFFIXES)} file that holds one"
    )
    return InvalidJobRequest([Violation("request", request, rule)])
