"""From what a DAG author gives as ``request`` to what is sent: three spellings, one result."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core import rules
from airflow_sagemaker_automl.core.job_request import AutoMLJobRequest
from airflow_sagemaker_automl.core.literals import is_resolved, literal, merged, plain
from airflow_sagemaker_automl.core.request_file import SUFFIXES, Unreadable, parse_request
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context


class RefusedAtParse(InvalidJobRequest, AirflowFailException):
    """What is literal in a request breaks rules: an import error of the DAG.

    A mapped task is built in the worker, where it fails without using up its retries.
    """

    def _placed(self, violation: Violation) -> str:
        is_argument = violation.path in ("request", "extra_request")
        return str(violation) if is_argument else f"request.{violation}"


def as_template_field(request: Any) -> Any:
    """Copy a request as Airflow can render it.

    :param request: an :class:`AutoMLJobRequest`, a mapping, the path of a file, a template, or an XComArg.
    :return: a dictionary for the first two, a text for a path, the rest as it is.
    """
    if isinstance(request, os.PathLike):
        return os.fspath(request)
    return plain(request.to_api() if isinstance(request, AutoMLJobRequest) else request)


def require_literals(request: Any, extra: Any) -> None:
    """Judge at DAG parse what is known then.

    :raises RefusedAtParse: with every rule that is broken already.
    """
    known, known_extra = literal(request), literal(extra or {})
    try:
        if is_resolved(known_extra) and not isinstance(known_extra, Mapping):
            raise _no_mapping(extra)
        if isinstance(known, Mapping) and isinstance(known_extra, Mapping):
            rules.require_literals(merged(request, extra or {}))
        elif not isinstance(known, Mapping) and is_resolved(known) and not file_name(request):
            raise _unusable(request)
    except InvalidJobRequest as error:
        raise RefusedAtParse(error.violations) from None


def rendered_request(operator: BaseOperator, request: Any, extra: Any, context: Context) -> dict[str, Any]:
    """Read what Airflow has rendered.

    :param operator: whose DAG's folder and template environment a file is read with.
    :param request: the rendered template field: a mapping, a JSON text, or the path of a file that is rendered now.
    :param extra: more members, deep-merged over the request.
    :raises InvalidJobRequest: it is nothing of the kind.
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
    """Read a rendered field that may be the path of a file, which a template may have put white space around.

    :return: None where it is no path of a file of ours.
    """
    name = given.strip() if isinstance(given, str) else ""
    return name if name.lower().endswith(SUFFIXES) else None


def _from_file(operator: BaseOperator, name: str, context: Context) -> Any:
    try:
        rendered = file_text(operator, name, context)
    except Unreadable as error:
        raise InvalidJobRequest([Violation("request", name, str(error))]) from error
    # With render_template_as_native_obj a text that looks like a dictionary has become one.
    return rendered if isinstance(rendered, Mapping) else parse_request(rendered, Path(name).suffix)


def file_text(operator: BaseOperator, name: str, context: Context) -> str | Mapping[str, Any]:
    """Read a file from the DAG's folder or ``template_searchpath``, and render its text.

    ``template_ext`` would do this too, and would open every S3 URI in a request that ends in ``.json``.

    :raises Unreadable: it is not there, is no text, or is no template that can be rendered.
    """
    from jinja2 import TemplateError, TemplateNotFound

    environment = operator.get_template_env()
    assert environment.loader is not None
    try:
        path = Path(name)
        text = path.read_text("utf-8") if path.is_absolute() else environment.loader.get_source(environment, name)[0]
    except (OSError, UnicodeDecodeError, TemplateNotFound) as error:
        rule = f"cannot be read beside the DAG file or on template_searchpath: {type(error).__name__}: {error}"
        raise Unreadable(rule) from error
    try:
        rendered = operator.render_template(text, context, environment)
    except (TemplateError, UnicodeDecodeError) as error:
        rule = f"is there, but its template cannot be rendered: {type(error).__name__}: {error}"
        raise Unreadable(rule) from error
    return rendered if isinstance(rendered, Mapping) else str(rendered)


def _no_mapping(extra: Any) -> InvalidJobRequest:
    return InvalidJobRequest([Violation("extra_request", extra, "must be a mapping of CreateAutoMLJobV2's arguments")])


def _unusable(request: Any) -> InvalidJobRequest:
    rule = (
        "must be an AutoMLJobRequest, a mapping of CreateAutoMLJobV2's arguments, "
        f"or the path of a {', '.join(SUFFIXES)} file that holds one"
    )
    return InvalidJobRequest([Violation("request", request, rule)])
