"""The gate of an operator, checked when the DAG is parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core.gate.quality_gate import gate_as_mapping, require_literals
from airflow_sagemaker_automl.core.values.literals import literal, merged
from airflow_sagemaker_automl.core.values.metric_names import problem_type_of
from airflow_sagemaker_automl.exceptions import InvalidQualityGate, Violation


class GateRefusedAtParse(InvalidQualityGate, AirflowFailException):
    """A literal value of a quality gate breaks a rule: an import error of the DAG."""


def gate_as_template_field(gate: Any, more: Sequence[Violation] = ()) -> Any:
    """Copy a gate as Airflow can render it, and check what is literal in it.

    :param more: other violations, for the same error.
    :raises InvalidQualityGate: with all violations.
    """
    try:
        field = gate_as_mapping(gate)
        require_literals(field, "gate", more=more)
    except InvalidQualityGate as error:
        raise GateRefusedAtParse(error.violations) from None
    return field


def require_metrics_of(gate: Any, request: Any, extra_request: Any) -> None:
    """Check at DAG parse that the problem type of a request has the metrics of a gate, if both are literal.

    :param gate: the template field of the gate operator.
    :param request: the template field of the training operator.
    :param extra_request: members that are merged over the request.
    :raises InvalidQualityGate: with every metric that the problem type does not have.
    """
    known, extra = literal(request), literal(extra_request or {})
    if not isinstance(known, Mapping) or not isinstance(extra, Mapping):
        return
    try:
        require_literals(gate, "gate", problem_type=problem_type_of(merged(known, extra)))
    except InvalidQualityGate as error:
        raise GateRefusedAtParse(error.violations) from None
