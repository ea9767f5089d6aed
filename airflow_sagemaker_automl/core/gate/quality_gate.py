"""Quality gates: decide whether a candidate meets thresholds and beats the champion that it would replace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from airflow_sagemaker_automl.core.evaluation.record import EvaluationRecord
from airflow_sagemaker_automl.core.gate import evaluated, recorded, sliced
from airflow_sagemaker_automl.core.gate.judging import Judging, used
from airflow_sagemaker_automl.core.gate.rules import BetterThanChampion, Champion, NoSliceWorse, Threshold
from airflow_sagemaker_automl.core.gate.verdict import Ruling, Verdict
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.figures import Figures
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.rules.quality_gate import (
    EVALUATION,
    ON_EVALUATION,
    ONLY_ON,
    POINTS,
    DataSet,
    GateReading,
)
from airflow_sagemaker_automl.core.values.literals import is_resolved, literal, plain
from airflow_sagemaker_automl.core.values.members import Later, Text, Whole
from airflow_sagemaker_automl.exceptions import ChampionChanged, InvalidJobRequest, InvalidQualityGate, Violation

__all__ = [
    "BetterThanChampion",
    "Champion",
    "DataSet",
    "Figures",
    "NoSliceWorse",
    "QualityGate",
    "Ruling",
    "Threshold",
    "Verdict",
    "gate_as_mapping",
    "require_literals",
]
_EVALUATOR = "SageMakerModelEvaluationOperator"
_DEFAULTS = {each.name: each.default for each in fields(BetterThanChampion)}


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """The rules that a candidate must meet to be approved.

    Literal values are validated immediately, templates and XComArgs when they are resolved.

    :param thresholds: limits for the candidate's metrics. Default: none.
    :param champion: comparison with the champion. Default: none.
    :param slices: comparison with the champion in each slice of the rows of an evaluation. Default: none.
    :param most_partial_failures: how many parts of the job may have failed. Default: any number.
    :param partial_failures_counted: which parts count: ``candidate``, ``explanation``, ``insights``, ``deployment`` and
        ``other``, which are parts that the service does not name
        (:mod:`airflow_sagemaker_automl.core.jobs.partial_failure`). Default: ``candidate`` and ``other``, because a
        missing explanation does not make a model worse.
    :param on_missing_figure: if the candidate has no value of a rule's metric, or the metric's direction is unknown:
        ``fail`` (default) the task, or ``reject`` the candidate.
    :raises InvalidQualityGate: with all violations; also if the gate has no rules.
    """

    thresholds: Sequence[Threshold] | Later = ()
    champion: BetterThanChampion | Later | None = None
    slices: NoSliceWorse | Later | None = None
    most_partial_failures: Whole | None = None
    partial_failures_counted: Sequence[Text] | Later | None = None
    on_missing_figure: Text = "fail"

    def __post_init__(self) -> None:
        require_literals(gate_as_mapping(self))

    @classmethod
    def read(cls, gate: Any, path: str = "", *, more: Sequence[Violation] = ()) -> QualityGate:
        """Read a gate whose templates are resolved; texts are converted to numbers and booleans.

        :param gate: a mapping of the arguments, or its JSON.
        :param path: path of the gate, for error messages. Default: none.
        :param more: more violations to report in the same error. Default: none.
        :raises InvalidQualityGate: with all violations.
        """
        reading = GateReading(gate, path)
        if violations := [*more, *reading.violations]:
            raise InvalidQualityGate(violations)
        members = dict(reading.gate)
        if "thresholds" in members:
            members["thresholds"] = tuple(Threshold(**each) for each in members["thresholds"])
        if "champion" in members:
            rule = BetterThanChampion(**members["champion"])
            members["champion"] = replace(rule, confidence=None) if rule.confidence == POINTS else rule
        if "slices" in members:
            by = members["slices"].get("by")
            members["slices"] = NoSliceWorse(**{**members["slices"], "by": None if by is None else tuple(by)})
        if "partial_failures_counted" in members:
            members["partial_failures_counted"] = tuple(members["partial_failures_counted"])
        return cls(**members)

    @property
    def compares(self) -> bool:
        """Whether it compares with the champion; for a gate that :meth:`read` has returned."""
        return isinstance(self.champion, BetterThanChampion) or isinstance(self.slices, NoSliceWorse)

    @property
    def needs_evaluation(self) -> bool:
        """Whether a rule needs an evaluation; for a gate that :meth:`read` has returned."""
        return bool(self._on_evaluation())

    def judge(
        self,
        job: AutoMLJob,
        candidate: Candidate,
        champion: Champion | None,
        evaluation: EvaluationRecord | None = None,
    ) -> Verdict:
        """Check a candidate against every rule.

        :param champion: the newest approved version of the group; None if there is none.
        :param evaluation: the candidate and that champion on the same rows. Default: none; a rule may need one.
        :raises InvalidQualityGate: a template is not resolved; a rule needs an evaluation, and there is none, or that
            of another candidate; or a metric value or a direction is missing, and the gate's options say ``fail``.
        :raises ChampionChanged: a rule needs the evaluation of another champion.
        """
        gate = QualityGate.read(gate_as_mapping(self))
        needed = gate._require_evaluation(job, candidate, champion, evaluation)
        judging = Judging(job, candidate, champion, needed, rejects_missing=gate.on_missing_figure == "reject")
        rules = tuple(gate._rulings(judging))
        if judging.violations:
            raise InvalidQualityGate(judging.violations)
        return Verdict(
            approved=all(rule.passed for rule in rules),
            champion=champion.model_package_arn if champion and gate.compares else None,
            rules=rules,
            compares=gate.compares,
            evaluation=used(needed) if needed else None,
        )

    def _rulings(self, judging: Judging) -> Iterator[Ruling]:
        evaluation = judging.evaluation
        for place, each in enumerate(self.thresholds if isinstance(self.thresholds, tuple) else ()):
            path = f"thresholds[{place}]"
            if evaluation and each.data_set == EVALUATION:
                yield from evaluated.threshold(judging, evaluation, each, path)
            else:
                yield from recorded.threshold(judging, each, path)
        rule = self.champion if isinstance(self.champion, BetterThanChampion) else None
        if rule and evaluation and rule.on == ON_EVALUATION:
            yield evaluated.better_than_champion(judging, evaluation, rule, "champion")
        elif rule:
            yield recorded.better_than_champion(judging, rule, "champion")
        if evaluation and isinstance(self.slices, NoSliceWorse):
            yield sliced.no_slice_worse(judging, evaluation, self.slices, "slices", rule)
        if isinstance(self.most_partial_failures, int):
            yield recorded.partial_failures(judging, self.most_partial_failures, self.partial_failures_counted)

    def _on_evaluation(self) -> list[str]:
        """List the paths of the rules that need an evaluation."""
        limits = self.thresholds if isinstance(self.thresholds, tuple) else ()
        paths = [f"thresholds[{place}]" for place, each in enumerate(limits) if each.data_set == EVALUATION]
        if isinstance(self.champion, BetterThanChampion) and self.champion.on == ON_EVALUATION:
            paths.append("champion")
        return [*paths, "slices"] if isinstance(self.slices, NoSliceWorse) else paths

    def _require_evaluation(
        self, job: AutoMLJob, candidate: Candidate, champion: Champion | None, evaluation: EvaluationRecord | None
    ) -> EvaluationRecord | None:
        """Return the evaluation if a rule needs it, and require that it is of this candidate and champion."""
        paths = self._on_evaluation()
        if not paths:
            return None
        if evaluation is None:
            rule = f"is required by {', '.join(paths)}: set evaluation= to the result of {_EVALUATOR}"
            raise InvalidQualityGate([Violation("evaluation", None, rule)])
        judged = (
            ("evaluation.job_name", evaluation.job_name, job.name),
            ("evaluation.candidate_name", evaluation.candidate_name, candidate.name),
        )
        if wrong := [
            Violation(path, said, f"must be {right!r}, which is judged; the evaluation is of another one")
            for path, said, right in judged
            if said != right
        ]:
            raise InvalidQualityGate(wrong)
        current = champion.model_package_arn if champion else None
        if paths[-1] in ("champion", "slices") and evaluation.champion != current:
            raise ChampionChanged(evaluation.group, evaluation.champion, current, is_evaluation=True)
        return evaluation


def gate_as_mapping(gate: Any) -> Any:
    """Convert a gate to dictionaries and lists that Airflow can render, with templates and XComArgs in any leaf.

    :param gate: a :class:`QualityGate`, or a mapping of its arguments; any other value is returned unchanged.
    :raises InvalidQualityGate: the gate contains itself.
    """
    try:
        return _as_mapping(plain(gate))
    except InvalidJobRequest as error:
        raise InvalidQualityGate([Violation("the gate", None, each.rule) for each in error.violations]) from None


def require_literals(
    gate: Any, path: str = "", *, more: Sequence[Violation] = (), problem_type: str | None = None
) -> None:
    """Validate the literal values of a gate that is not rendered yet.

    :param gate: as :func:`gate_as_mapping` returns it.
    :param path: path of the gate, for error messages. Default: none.
    :param more: more violations to report in the same error. Default: none.
    :param problem_type: problem type of the job whose candidate will be judged. Default: unknown.
    :raises InvalidQualityGate: with all violations.
    """
    found = [each for each in GateReading(literal(gate), path, problem_type).violations if is_resolved(each.value)]
    if violations := [*more, *found]:
        raise InvalidQualityGate(violations)


def _as_mapping(value: Any) -> Any:
    if isinstance(value, BetterThanChampion):
        # Without this, the points would be compared with the default confidence: members without a value are left out.
        value = {**_without_other_form(value), **({"confidence": POINTS} if value.confidence is None else {})}
    elif isinstance(value, QualityGate | Threshold | NoSliceWorse):
        value = vars(value)
    else:
        return _mapped(value)
    return _mapped({name: item for name, item in value.items() if item is not None and item != ()})


def _mapped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_mapping(item) for key, item in value.items()}
    return [_as_mapping(item) for item in value] if isinstance(value, list | tuple) else value


def _without_other_form(rule: BetterThanChampion) -> dict[str, Any]:
    """Leave out the defaults of the arguments that are refused with this value of ``on``."""
    other = {name for on, names in ONLY_ON.items() if on != rule.on for name in names}
    return {
        name: item
        for name, item in vars(rule).items()
        if name not in other or type(item) is not type(_DEFAULTS[name]) or item != _DEFAULTS[name]
    }
