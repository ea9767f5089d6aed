"""The rules of a quality gate, as a DAG author writes them, and the champion that they compare with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.figures import Figures, figure
from airflow_sagemaker_automl.core.values.members import Flag, Later, Number, Text, Whole


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A limit for a metric of the candidate.

    Every argument may be a Jinja template or an XComArg, which is validated when it is resolved.

    :param metric: SageMaker's name (``StandardMetricName``) of a metric of the problem type, for example ``F1`` or
        ``LogLoss``.
    :param minimum: lower limit, in the metric's own units, for a metric that is maximised. Default: none.
    :param maximum: upper limit, in the metric's own units, for a metric that is minimised. Default: none; one of the
        two is required.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``, as the job recorded it; or ``Evaluation``: the
        rows of the evaluation.
    :param is_new_metric: whether to allow a metric that this package does not know. Default: no.
    :param against_direction: whether to allow a minimum for an error, or a maximum for a score. Default: no.
    :param confidence: with ``data_set="Evaluation"``: the worse end of the candidate's two-sided interval with this
        confidence, for example 0.95, must satisfy the limit. Default: the value itself must satisfy it.
    """

    metric: Text
    minimum: Number | None = None
    maximum: Number | None = None
    data_set: Text = "Validation"
    is_new_metric: Flag = False
    against_direction: Flag = False
    confidence: Number | None = None


@dataclass(frozen=True, kw_only=True)
class BetterThanChampion:
    """The margin by which the candidate must beat the champion, the newest approved version of the group.

    Every argument may be a Jinja template or an XComArg, which is validated when it is resolved. Arguments of the other
    form of ``on`` are refused.

    :param margin: minimum improvement, in the metric's own units, or as a fraction of the champion's value. With 0
        (default), an equal candidate passes. With ``on="evaluation"`` it may be negative: a loss that is allowed.
    :param is_relative: whether the margin is a fraction: 0.01 is 1 % of the champion's value. Default: no. Only with
        ``on="recorded"``.
    :param metric: SageMaker's name of the metric to compare. Default: the job's objective.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``. Only with ``on="recorded"``.
    :param is_new_metric: whether to allow a metric that this package does not know, which requires ``direction``.
        Default: no.
    :param direction: ``Maximize`` or ``Minimize``, if neither the service nor the metric's name defines it. Default:
        the direction that they define. Only with ``on="recorded"``.
    :param without_champion: ``pass`` (default) or ``reject`` a candidate if the group has no champion.
    :param on_missing_champion_figure: if the champion has no value of the metric: ``fail`` (default) the task,
        ``reject`` the candidate, or ``pass`` the rule. Only with ``on="recorded"``.
    :param on_other_objective: if the objective is compared and the champion was ranked by another one: ``reject``
        (default) the candidate, ``pass`` the rule, or ``fail`` the task. Only with ``on="recorded"``.
    :param on: ``recorded`` (default): the values that each model's own job recorded, which are from different rows; or
        ``evaluation``: both models on the same labelled rows. The arguments below are only for ``evaluation``.
    :param confidence: of the two-sided interval of the improvement that decides, above 0.5 and below 1. Default: 0.95.
        None, or the word ``none`` in a mapping or a template, compares the values without an interval.
    :param require: ``better``: better by at least the margin; or ``not_worse``: not worse by more than the loss that a
        negative margin allows. Default: ``better`` with a positive margin, else ``not_worse``.
    :param on_inconclusive: if the rows are too few to decide: ``reject`` (default) the candidate, or ``pass`` the rule.
    :param on_champion_cannot_score: if the champion cannot predict the rows: ``fail`` (default) the task, ``reject``
        the candidate, or ``pass`` the rule.
    """

    margin: Number = 0.0
    is_relative: Flag = False
    metric: Text | None = None
    data_set: Text = "Validation"
    is_new_metric: Flag = False
    direction: Text | None = None
    without_champion: Text = "pass"
    on_missing_champion_figure: Text = "fail"
    on_other_objective: Text = "reject"
    on: Text = "recorded"
    confidence: Number | None = 0.95
    require: Text | None = None
    on_inconclusive: Text = "reject"
    on_champion_cannot_score: Text = "fail"

    def compared(self, candidate: Candidate) -> str | None:
        """Name the metric to compare; None if the candidate has no objective."""
        return compared_metric(self.metric, candidate)


@dataclass(frozen=True, kw_only=True)
class NoSliceWorse:
    """No slice of the evaluated rows may be worse than with the champion by more than a margin.

    A slice has the rows with one value of a column, or a range of its values. It must be shown not to be worse: a slice
    in which that is uncertain rejects the candidate, and so does, with a margin of 0, nearly every slice in which the
    models are about as good as each other. Holm's procedure takes into account how many slices are judged.

    Every argument may be a Jinja template or an XComArg, which is validated when it is resolved.

    :param metric: SageMaker's name of the metric to compare. Default: the job's objective.
    :param by: the columns whose slices are judged. Default: all columns by which the evaluation was sliced.
    :param margin: the loss that is allowed in a slice, in the metric's own units; 0 (default) or more.
    :param confidence: of all slices together, as in :class:`BetterThanChampion`: the chance of passing a candidate that
        is worse in a slice is at most (1 - confidence) / 2. Default: 0.95.
    :param most_unjudged: how many slices may have too few rows to be judged; at least one must be judged. Default: any
        number.
    """

    metric: Text | None = None
    by: Sequence[Text] | Later | None = None
    margin: Number = 0.0
    confidence: Number = 0.95
    most_unjudged: Whole | None = None

    def compared(self, candidate: Candidate) -> str | None:
        """Name the metric to compare; None if the candidate has no objective."""
        return compared_metric(self.metric, candidate)


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The version that a candidate would replace, with its recorded metrics.

    :param objective: the metric that it was ranked by; None if it is not recorded.
    :param figures: data set → metric → value.
    :param objective_type: ``Maximize`` or ``Minimize``; None if it is not recorded.
    :param contradicted: values in its model card that differ from its metadata; ``figures`` has those of the metadata.
    """

    model_package_arn: str
    objective: str | None
    figures: Figures
    objective_type: str | None = None
    contradicted: Figures = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version number."""
        return self.model_package_arn.rpartition("/")[2]

    def has(self, metric: str | None, data_set: Any) -> bool:
        """Tell whether the champion has a value of the metric."""
        return figure(self.figures, str(data_set), metric) is not None


def compared_metric(metric: Any, candidate: Candidate) -> str | None:
    """Name the metric to compare.

    :param metric: the one that the rule names; None for the candidate's objective.
    """
    return str(metric) if metric else candidate.objective.metric if candidate.objective else None
