"""A scoring from its arguments to its table, as far as it is not a transform job's."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from airflow_sagemaker_automl.core.scoring.arguments import PREDICTIONS, OutputFormat, ScoringArguments
from airflow_sagemaker_automl.core.scoring.columns import time_series_keys
from airflow_sagemaker_automl.core.scoring.prepared import PreparedScoring
from airflow_sagemaker_automl.core.values.canonical import digest
from airflow_sagemaker_automl.core.values.literals import at, merged
from airflow_sagemaker_automl.exceptions import (
    AutoMLError,
    DataNotScorable,
    InvalidScoring,
    JobNotFound,
    PredictionsIncomplete,
    Violation,
)
from airflow_sagemaker_automl.hooks.errors import is_denied
from airflow_sagemaker_automl.hooks.s3_objects import table_objects
from airflow_sagemaker_automl.tasks.scoring_leftovers import KEPT_TAG, Leftovers
from airflow_sagemaker_automl.tasks.scoring_plan import Plan
from airflow_sagemaker_automl.tasks.scoring_version import ScoringVersion, training_header
from airflow_sagemaker_automl.tasks.transform_jobs import TransformJobs

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.job_name import TaskIdentity
    from airflow_sagemaker_automl.core.scoring.transform_job import TransformJob
    from airflow_sagemaker_automl.hooks.s3_objects import StoredObject
    from airflow_sagemaker_automl.tasks.base import SageMakerTask
    from airflow_sagemaker_automl.tasks.scoring_data import ScoringData
    from airflow_sagemaker_automl.tasks.scoring_output import ScoringOutput

Adopts: TypeAlias = Literal["never", "run", "always"]

_PREPARED = "prepared.json"
_MEBIBYTE = 1024**2
# What a request has beside its rows.
_MARGIN = 1024
_LARGEST_PAYLOAD = 100
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
_DEFAULT_PAYLOAD = 6
_CSV = "text/csv"
# Members of the marker that are not the task's result.
_OF_MARKER = ("table", "scoring", "run", "fingerprint")


@dataclass
class Scoring:
    """One scoring of a task.

    :param task: calls AWS with retries.
    :param asked: the operator's arguments, rendered and checked.
    :param identity: the owner of its model and job.
    :param output: where the table is written.
    :param members: checked members of ``CreateTransformJob`` that the author chose.
    :param find: finds the model that scores.
    :param adopts: which table is the result if it would be the same: none of another generation (``never``), one of
        before a clear (``run``), or that of any run and task (``always``).
    """

    task: SageMakerTask
    asked: ScoringArguments
    identity: TaskIdentity
    output: ScoringOutput
    members: Mapping[str, Any]
    find: Callable[[], ScoringVersion]
    adopts: Adopts = "never"
    _prepared: PreparedScoring | None = None

    @property
    def name(self) -> str:
        """Name of the model, and of the folder of this scoring's own files."""
        return self.identity.job_name(1)

    @property
    def work(self) -> str:
        """S3 prefix of the scoring's own files."""
        return self.output.work(self.name)

    @property
    def predictions(self) -> str:
        """S3 prefix of the jobs' predictions: the result itself if the data is sent as it is."""
        return f"{self.work}{PREDICTIONS}" if self.asked.prepare else f"{self.output.prefix}{PREDICTIONS}"

    def begin(self) -> dict[str, Any] | None:
        """Prepare the input, unless an earlier try has.

        :return: the task's result, if its table exists already: an earlier try wrote it and crashed.
        :raises AutoMLError: the version, the data or the output cannot be used; nothing was created in SageMaker.
        """
        found = self.output.objects()
        uris = {each.uri for each in found}
        marker = self._marker() if self.output.marker in uris else {}
        if marker.get("scoring") == self.name:
            self.task.log.info("An earlier try has written %s", marker["table"])
            self.tidy()
            return _result(marker)
        if f"{self.work}{_PREPARED}" in uris:
            self.task.log.info("Resuming with the input that an earlier try has prepared")
            self._prepared = self._read_prepared()
            # Another execution may have written the table and removed it since; then the job's end finds the marker.
            if self._prepared is not None:
                return None
        plan = self._plan()
        if self._is_same(marker, plan):
            self.task.log.info("Adopting %s, which would be the same", marker["table"])
            return _result(marker)
        self.output.require_own(found)
        result = marker.get("table")
        Leftovers(self.task, self.identity, self.output, self.name).remove(found, result)
        self.task.log.info("Scoring with %s", plan.version.arn)
        self._prepared = self._prepare(plan)
        return None

    @property
    def is_prepared(self) -> bool:
        """Whether a job can score."""
        return self._prepared is not None

    @property
    def prepared(self) -> PreparedScoring:
        """What was prepared."""
        assert self._prepared is not None
        return self._prepared

    def kind(self, model: Mapping[str, Any]) -> TransformJobs:
        """Return the kind of the job, with the model that it needs.

        :param model: checked members of ``CreateModel``, without name and containers.
        """
        marks = {**self.identity.tags(), KEPT_TAG: str(self.asked.keep_model).lower()}
        own = [tag for tag in model.get("Tags", []) if tag["Key"] not in marks]
        tags = [*own, *({"Key": key, "Value": value} for key, value in marks.items())]
        whole = {**model, "ModelName": self.name, "Containers": list(self.prepared.containers), "Tags": tags}
        return TransformJobs(self.predictions, self.prepared.model_package_arn, whole)

    def request(self) -> dict[str, Any]:
        """Return the arguments of ``CreateTransformJob``, without its name and the place of its output."""
        is_forecast = not self.prepared.predictions
        split = at(self.members, "TransformInput", "SplitType") or ("None" if is_forecast else "Line")
        given: dict[str, Any] = {
            "ModelName": self.name,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self._input}},
                "ContentType": _CSV,
                "CompressionType": "None",
                "SplitType": split,
            },
            "TransformOutput": {"Accept": _CSV, **({} if is_forecast else {"AssembleWith": "Line"})},
            "BatchStrategy": "SingleRecord" if split == "None" else "MultiRecord",
        }
        # The whole history of a forecast is one request.
        one = {"MaxPayloadInMB": _LARGEST_PAYLOAD, "MaxConcurrentTransforms": 1} if is_forecast else {}
        return merged(merged(given, self.members), one)

    def collect(self, job: TransformJob) -> dict[str, Any]:
        """Write the table of a job that has completed, and remove what is not needed any more.

        :return: the task's result.
        :raises PredictionsIncomplete: the predictions do not match the rows.
        """
        try:
            result = self._collected(job)
        except PredictionsIncomplete:
            # Another execution may have written the table and removed the files in the meantime.
            marker = self._marker()
            if marker.get("scoring") != self.name:
                raise
            result = _result(marker)
        self.tidy()
        return result

    def discard(self) -> None:
        """Remove model and input of a scoring that has no job and cannot start one."""
        try:
            self.task.call_with_retries(lambda hook: hook.describe_transform_job(self.name))
        except JobNotFound:
            pass
        else:
            return
        model = self.task.call_with_retries(lambda hook: hook.model_answer(self.name))
        leftovers = Leftovers(self.task, self.identity, self.output, self.name)
        if model is not None and leftovers.is_own(self.name, model["ModelArn"]):
            self.task.call_with_retries(lambda hook: hook.delete_model(self.name))
        self.output.release(self.work)

    def forget(self) -> None:
        """Forget what was prepared, so that the next execution scores the present data with the present version."""
        self.output.remove(f"{self.work}{_PREPARED}")
        if self._marker().get("scoring") == self.name:
            self.output.remove(self.output.marker)
        self.task.hook.delete_model(self.name)

    def is_current(self, result: Mapping[str, Any]) -> bool:
        """Tell whether a table still has the scores of a result: another run of the task may have replaced it."""
        return bool(marker := self._marker()) and _result(marker) == result

    def tidy(self) -> None:
        """Remove what is not needed any more; a denied deletion does not fail the task, which has its result."""
        try:
            if not self.asked.keep_model:
                self.task.call_with_retries(lambda hook: hook.delete_model(self.name))
            self.output.release(self.work)
        except Exception as error:
            if not is_denied(error):
                raise
            self.task.log.warning("Model %s or files in %s are left behind: %s", self.name, self.work, error)

    @property
    def _input(self) -> str:
        folder = f"{self.work}{self.prepared.folder}/input/"
        return folder if self.asked.prepare else str(self.asked.data)

    def _marker(self) -> dict[str, Any]:
        found = self.output.read(self.output.marker)
        return found if isinstance(found, dict) and isinstance(found.get("table"), str) else {}

    def _read_prepared(self) -> PreparedScoring | None:
        kept = self.output.read(f"{self.work}{_PREPARED}")
        return None if kept is None else PreparedScoring.from_json(kept)

    def _is_same(self, marker: Mapping[str, Any], plan: Plan) -> bool:
        is_own = self.adopts == "always" or (self.adopts == "run" and marker.get("run") == self._run)
        return is_own and marker.get("fingerprint") == plan.fingerprint

    @property
    def _run(self) -> str:
        """The task in its run, whatever its generation."""
        return digest(vars(replace(self.identity, generation=0)))

    def _collected(self, job: TransformJob) -> dict[str, Any]:
        prepared = self._read_prepared()
        if prepared is None:
            raise PredictionsIncomplete(job.name, f"{self.work}{_PREPARED}, what was prepared for it, does not exist.")
        facts = {
            "model_package_arn": prepared.model_package_arn,
            "model_package_group_name": prepared.group,
            **job.to_json(),
            "rows": prepared.rows if self.asked.prepare else None,
            "unusable_rows": prepared.unusable,
            "line_breaks_replaced": prepared.line_breaks,
            "data_digest": prepared.data_digest,
        }
        marks = {"scoring": self.name, "run": self._run, "fingerprint": prepared.fingerprint}
        before = self._marker()
        if not self.asked.prepare:
            place = f"{self.predictions}{job.name}/"
            facts |= {"scored_rows": None, "columns": []}
            self.output.publish_predictions(place, {**facts, **marks}, before)
            return {**facts, "output_uri": place, "outcome": "scored"}
        return self._publish(job, prepared, facts, marks, before)

    def _publish(
        self,
        job: TransformJob,
        prepared: PreparedScoring,
        facts: Mapping[str, Any],
        marks: Mapping[str, Any],
        before: Mapping[str, Any],
    ) -> dict[str, Any]:
        from airflow_sagemaker_automl.tasks.scoring_data import collect, collect_forecasts

        output_format: OutputFormat = "parquet" if self.asked.output_format == "parquet" else "csv"
        place: dict[str, Any] = {
            "predictions": f"{self.predictions}{job.name}/",
            "output_format": output_format,
            "job_name": job.name,
        }
        with tempfile.TemporaryDirectory(prefix="scoring-") as folder:
            path = Path(folder) / "scores"
            if prepared.predictions:
                work = f"{self.work}{prepared.folder}/"
                rows, columns = collect(
                    self.task, work=work, parts=prepared.parts, names=prepared.predictions, path=path, **place
                )
            else:
                rows, columns = collect_forecasts(self.task, path=path, **place)
            counted = {"scored_rows": rows, "columns": columns}
            uri = self.output.publish(path, output_format, {**facts, **counted, **marks}, before)
        self.task.log.info("Scored %s rows with %s: %s", rows, prepared.model_package_arn, uri)
        return {**facts, **counted, "output_uri": uri, "outcome": "scored"}

    def _plan(self) -> Plan:
        """Find version and data, and check that they fit; nothing is written."""
        version = self.find()
        if self.asked.prepare:
            version.require_table()
        containers = version.chain(self.asked.inference_response_keys)
        data, expected = self._checked_data(version) if self.asked.prepare else (None, ())
        deciding = [
            containers,
            version.arn,
            {name: value for name, value in vars(self.asked).items() if name != "model_package_group_name"},
            {key: value for key, value in self.members.items() if key != "Tags"},
            list(expected),
            [[file.uri, file.etag] for file in (data.files if data else self._unprepared_files())] or self.asked.data,
        ]
        return Plan(
            version=version,
            containers=containers,
            expected=expected,
            data=data,
            fingerprint=digest(json.loads(json.dumps(deciding, default=str))),
            data_digest=data.digest if data else "",
        )

    def _unprepared_files(self) -> list[StoredObject]:
        """List the data that is sent as it is, if a table of another generation can be the result."""
        if self.adopts == "never":
            return []
        return self.task.call_with_retries(lambda hook: table_objects(hook.s3, str(self.asked.data)))[0]

    def _checked_data(self, version: ScoringVersion) -> tuple[ScoringData, Sequence[str]]:
        try:
            from airflow_sagemaker_automl.tasks.scoring_data import ScoringData
        except ModuleNotFoundError as error:
            rule = f"needs {error.name}: install airflow-sagemaker-automl[scoring], or send prepared data as it is"
            raise InvalidScoring([Violation("prepare", True, rule)]) from error
        if version.is_forecast and self.asked.key_columns:
            names = ", ".join(time_series_keys(version.job.settings if version.job else {}))
            rule = f"must be left out: a forecast has its own keys ({names})"
            raise InvalidScoring([Violation("key_columns", list(self.asked.key_columns), rule)])
        data = ScoringData(self.task, self.asked.data, self.output.prefix, self.output.extra)
        expected = self._expected(version)
        data.require_columns(expected, self.asked.key_columns)
        return data, expected

    def _prepare(self, plan: Plan) -> PreparedScoring:
        """Write the input, and then what was prepared: the first of several executions decides.

        :raises DataNotScorable: the data cannot be read or sent; nothing is left below the output.
        """
        # A folder of its own: another execution may do the same at the same time.
        prepared = PreparedScoring(
            model_package_arn=plan.version.arn,
            group=plan.version.group,
            containers=plan.containers,
            columns=list(plan.expected),
            predictions=plan.version.predictions(self.asked.inference_response_keys),
            folder=uuid.uuid4().hex[:8],
            fingerprint=plan.fingerprint,
            data_digest=plan.data_digest,
        )
        self.output.claim()
        if plan.data is not None:
            try:
                prepared = self._written(plan, plan.data, prepared)
            except AutoMLError:
                self.output.release(f"{self.work}{prepared.folder}/")
                raise
        if not self.output.write_once(f"{self.work}{_PREPARED}", json.dumps(prepared.to_json())):
            # It may be this execution's own, written by a request whose answer was lost.
            kept = self._read_prepared()
            if kept is not None and kept.folder != prepared.folder:
                self.output.remove_below(f"{self.work}{prepared.folder}/")
                prepared = kept
        return prepared

    def _written(self, plan: Plan, data: ScoringData, prepared: PreparedScoring) -> PreparedScoring:
        is_forecast = plan.version.is_forecast
        payload = _LARGEST_PAYLOAD if is_forecast else int(self.members.get("MaxPayloadInMB", _DEFAULT_PAYLOAD))
        written, unusable = data.prepare(
            f"{self.work}{prepared.folder}/",
            plan.expected,
            self.asked.key_columns,
            longest_line=payload * _MEBIBYTE - _MARGIN,
            as_one=is_forecast,
        )
        if self.asked.on_unusable_rows == "fail":
            unusable.require_none()
        if unusable.count:
            self.task.log.warning("%s rows cannot be sent and are left out: %s", unusable.count, unusable)
        if not written.parts:
            raise DataNotScorable(self.asked.data, "it has no rows that can be sent.")
        return replace(
            prepared,
            parts=[part.rows for part in written.parts],
            rows=sum(part.rows for part in written.parts) + unusable.count,
            unusable=unusable.count,
            line_breaks=written.line_breaks,
        )

    def _expected(self, version: ScoringVersion) -> Sequence[str]:
        if self.asked.columns:
            return tuple(self.asked.columns)
        return version.columns().expected(training_header(self.task, version))


def _result(marker: Mapping[str, Any]) -> dict[str, Any]:
    """Read the result of the task out of the marker beside its table."""
    kept = {name: value for name, value in marker.items() if name not in _OF_MARKER}
    return {**kept, "output_uri": marker["table"], "outcome": "scored"}
