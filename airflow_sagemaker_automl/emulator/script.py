"""Scripts: how a job proceeds that is scripted instead of trained.

A script is a JSON object with the service's own members::

    {
      "Stages": [
        {"AutoMLJobSecondaryStatus": "Starting", "Seconds": 1},
        {"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 5}
      ],
      "Candidates": [
        {
          "AfterSeconds": 4,
          "Candidate": {
            "CandidateName": "fine-tuned",
            "FinalAutoMLJobObjectiveMetric": {"MetricName": "Accuracy", "Type": "Maximize", "Value": 0.87}
          }
        }
      ],
      "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "fine-tuned"}
    }

``Stages``
    The secondary statuses of the running job, in order. ``Seconds`` (default 0) is the duration of each; their sum is
    the duration of the job. Any secondary status of a running job is allowed, and ``Stopping`` as the last stage of a
    job that ends ``Stopped``, which also changes the job's status to ``Stopping``.
    Default: none, which ends the job immediately.
``Candidates``
    What ``ListCandidatesForAutoMLJob`` shows, and from when: ``AfterSeconds`` (default 0) counts from the job's
    creation and must not exceed its duration. ``Candidate`` has the members of ``AutoMLCandidate`` except for its
    times, which the emulator sets. Defaults: ``CandidateStatus`` is ``Completed``, ``ObjectiveStatus`` is
    ``Succeeded`` and ``CandidateSteps`` is empty. The objective may have the name of a tuning job's metric, for example
    ``validation:mse``, without ``Type``. A further entry with the same ``CandidateName`` updates the candidate, so that
    it can change from ``InProgress`` to ``Failed``. Default: none.
``Ending``
    Required. ``AutoMLJobStatus`` is ``Completed``, ``Failed`` or ``Stopped``; ``AutoMLJobSecondaryStatus`` is a
    matching one (default: the same value). ``BestCandidate`` is the name of one of the candidates, which must be
    ``Completed`` by then; without it the job has no best candidate. ``FailureReason`` is allowed with ``Failed`` and
    ``Stopped``. ``PartialFailureReasons``, ``AutoMLJobArtifacts`` and ``ModelDeployResult`` are as in
    ``DescribeAutoMLJobV2``.
``ResolvedAttributes``
    As in ``DescribeAutoMLJobV2``, from the start. Default: none.
``Held``
    Whether the job stays in its last stage until its script is deleted or replaced (default: false). Requires at
    least one stage.
``StoppingSeconds``
    How long the job stays ``Stopping`` when ``StopAutoMLJob`` stops it (default 0).
``Seen``
    Values that the service was seen to answer although the installed botocore does not list them: wherever the service
    model restricts a text to an enum, the script may have them, and so may the answers about its job. The secondary
    status ``MergingAutoMLTaskReports`` and the names of tuning jobs' objectives need no entry. Default: none.

A job that reaches its ``MaxAutoMLJobRuntimeInSeconds`` ends as on the service, whatever its script says:
``Completed`` with ``MaxAutoMLJobRuntimeReached``, and with the best candidate if it exists and is ``Completed``.

The tag ``automl-emulator:script`` on ``CreateAutoMLJobV2`` (or V1) selects the script of a job, either as
``s3://bucket/key.json`` in the emulator's S3, or by the name under which it was PUT to
``/automl-emulator/scripts/<name>`` over HTTP. A script that was PUT with ``?job-names=<pattern>`` applies to every job
with a matching name and without this tag; the emulator then adds the tag, so that every scripted job has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from airflow_sagemaker_automl.emulator import documents
from airflow_sagemaker_automl.emulator.contract import violations
from airflow_sagemaker_automl.emulator.documents import is_list_of_objects, seconds_problems, unknown_members
from airflow_sagemaker_automl.emulator.jobs import FINISHED

TAG = "automl-emulator:script"

_AFTER_STEPS = frozenset({"ExplainabilityError", "ModelInsightsError", "ModelDeploymentError"})
_REACHED = frozenset({"MaxCandidatesReached", "MaxAutoMLJobRuntimeReached", "CandidateDefinitionsGenerated"})
_ENDINGS = {
    "Completed": _AFTER_STEPS | _REACHED | {"Completed"},
    "Failed": _AFTER_STEPS | {"Failed"},
    "Stopped": frozenset({"Stopped"}),
}
_NOT_WHILE_RUNNING = FINISHED | _AFTER_STEPS
_MEMBERS = frozenset({"Stages", "Candidates", "Ending", "Held", "ResolvedAttributes", "Seen", "StoppingSeconds"})
_DESCRIBED_ENDING = {
    "FailureReason": "AutoMLFailureReason",
    "PartialFailureReasons": "AutoMLPartialFailureReasons",
    "AutoMLJobArtifacts": "AutoMLJobArtifacts",
    "ModelDeployResult": "ModelDeployResult",
}
_CANDIDATE_DEFAULTS = {"CandidateStatus": "Completed", "ObjectiveStatus": "Succeeded", "CandidateSteps": []}
_TIMES = frozenset({"CreationTime", "EndTime", "LastModifiedTime"})
_LONGEST_JOB = 30 * 24 * 60 * 60


@dataclass(frozen=True)
class Script:
    """A validated script.

    :param stages: secondary statuses, each with its duration in seconds.
    :param candidates: times in seconds after the job's creation, each with members of ``AutoMLCandidate``.
    :param ending: members of ``DescribeAutoMLJobV2``; ``BestCandidate`` is a name.
    :param resolved: ``ResolvedAttributes``, or None.
    :param stopping_seconds: how long a stop takes.
    :param seen: enum values that answers about the job may have in addition to those of the service model.
    :param is_held: whether jobs stay in their last stage until :meth:`let_go`.
    """

    stages: list[tuple[str, float]]
    candidates: list[tuple[float, dict[str, Any]]]
    ending: dict[str, Any]
    resolved: dict[str, Any] | None
    stopping_seconds: float
    seen: frozenset[str] = frozenset()
    is_held: bool = False
    _gone: Event = field(default_factory=Event)

    @property
    def may_end(self) -> bool:
        """Whether a job ends after its last stage."""
        return not self.is_held or self._gone.is_set()

    def let_go(self) -> None:
        """Let held jobs end."""
        self._gone.set()

    @classmethod
    def from_json(cls, text: str | bytes) -> Script:
        """Read and check a script.

        :raises InvalidDocument: with all problems.
        """
        document = documents.read(text, "script", _problems)
        ending = dict(document["Ending"])
        ending.setdefault("AutoMLJobSecondaryStatus", ending["AutoMLJobStatus"])
        return cls(
            [(stage["AutoMLJobSecondaryStatus"], stage.get("Seconds", 0)) for stage in document.get("Stages", [])],
            [(moment, candidate) for _, moment, candidate in _unfolded(document.get("Candidates", []))],
            ending,
            document.get("ResolvedAttributes"),
            document.get("StoppingSeconds", 0),
            frozenset(document.get("Seen", [])),
            document.get("Held", False),
        )


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown_members(document, _MEMBERS, "The script")
    malformed = [name for name in ("Stages", "Candidates") if not is_list_of_objects(document.get(name, []))]
    yield from (f"{name} must be a list of objects." for name in malformed)
    if not isinstance(document.get("Ending"), dict):
        malformed.append("Ending")
        yield "Ending is required and must be an object."
    yield from seconds_problems(document, "StoppingSeconds", "StoppingSeconds")
    if not isinstance(document.get("Held", False), bool):
        yield f"Held must be true or false, not {document['Held']!r}."
    elif document.get("Held") and not document.get("Stages"):
        yield "Held: there is no stage to stay in."
    if not _is_list_of_texts(document.get("Seen", [])):
        yield f"Seen must be a list of texts, not {document['Seen']!r}."
        return
    seen = frozenset(document.get("Seen", []))
    if "ResolvedAttributes" in document:
        yield from violations("AutoMLResolvedAttributes", document["ResolvedAttributes"], "ResolvedAttributes", seen)
    if malformed:
        return
    stages, candidates, ending = document.get("Stages", []), document.get("Candidates", []), document["Ending"]
    problems = [*_stage_problems(stages, ending, seen), *_candidate_problems(candidates, seen)]
    yield from problems
    yield from _ending_problems(ending, seen)
    if not problems:
        yield from _timing_problems(stages, candidates)
        yield from _best_candidate_problems(candidates, ending)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _stage_problems(stages: list[dict[str, Any]], ending: Mapping[str, Any], seen: frozenset[str]) -> Iterator[str]:
    for number, stage in enumerate(stages):
        path = f"Stages[{number}]"
        yield from unknown_members(stage, {"AutoMLJobSecondaryStatus", "Seconds"}, path)
        yield from seconds_problems(stage, "Seconds", f"{path}.Seconds")
        status = stage.get("AutoMLJobSecondaryStatus")
        found = violations("AutoMLJobSecondaryStatus", status, f"{path}.AutoMLJobSecondaryStatus", seen)
        yield from found
        if not found and status in _NOT_WHILE_RUNNING:
            yield f"{path}: {status} is not a status of a running job; move it to Ending."
        if status == "Stopping" and (number + 1 < len(stages) or ending.get("AutoMLJobStatus") != "Stopped"):
            yield f"{path}: Stopping is allowed only as the last stage of a job that ends Stopped."


def _candidate_problems(candidates: list[dict[str, Any]], seen: frozenset[str]) -> Iterator[str]:
    malformed: list[str] = []
    for number, entry in enumerate(candidates):
        path = f"Candidates[{number}]"
        malformed += unknown_members(entry, {"AfterSeconds", "Candidate"}, path)
        malformed += seconds_problems(entry, "AfterSeconds", f"{path}.AfterSeconds")
        given = entry.get("Candidate")
        if isinstance(given, dict):
            malformed += [
                f"{path}.Candidate.{name} is set by the emulator; leave it out." for name in _TIMES & set(given)
            ]
        else:
            malformed.append(f"{path}.Candidate is required and must be an object.")
    yield from malformed
    if not malformed:
        for number, _, candidate in _unfolded(candidates):
            timed = {**candidate, **dict.fromkeys(_TIMES, 0)}
            yield from violations("AutoMLCandidate", timed, f"Candidates[{number}].Candidate", seen)


def _unfolded(candidates: list[dict[str, Any]]) -> list[tuple[int, float, dict[str, Any]]]:
    """Sort candidates by time, each with its index in the script and its state after all updates so far."""
    known: dict[Any, dict[str, Any]] = {}
    unfolded = []
    for number, entry in sorted(enumerate(candidates), key=lambda item: float(item[1].get("AfterSeconds", 0))):
        given = entry["Candidate"]
        name = str(given.get("CandidateName"))
        known[name] = {**known.get(name, _CANDIDATE_DEFAULTS), **given}
        unfolded.append((number, entry.get("AfterSeconds", 0), known[name]))
    return unfolded


def _ending_problems(ending: Mapping[str, Any], seen: frozenset[str]) -> Iterator[str]:
    yield from unknown_members(
        ending, {"AutoMLJobStatus", "AutoMLJobSecondaryStatus", "BestCandidate", *_DESCRIBED_ENDING}, "Ending"
    )
    status = ending.get("AutoMLJobStatus")
    if status not in _ENDINGS:
        yield f"Ending.AutoMLJobStatus must be one of {', '.join(_ENDINGS)}, not {status!r}."
        return
    secondary = ending.get("AutoMLJobSecondaryStatus", status)
    if secondary not in _ENDINGS[status] | seen:
        allowed = ", ".join(sorted(_ENDINGS[status]))
        yield f"Ending.AutoMLJobSecondaryStatus of a {status} job must be one of {allowed}, not {secondary!r}."
    if "FailureReason" in ending and status == "Completed":
        yield "Ending.FailureReason: a Completed job has none; PartialFailureReasons may be meant."
    if "BestCandidate" in ending and secondary in ("Failed", "CandidateDefinitionsGenerated"):
        yield f"Ending.BestCandidate: a job that ends {secondary} has none."
    for name, shape in _DESCRIBED_ENDING.items():
        if name in ending:
            yield from violations(shape, ending[name], f"Ending.{name}", seen)


def _timing_problems(stages: list[dict[str, Any]], candidates: list[dict[str, Any]]) -> Iterator[str]:
    total = sum(stage.get("Seconds", 0) for stage in stages)
    if total > _LONGEST_JOB:
        yield f"Stages take {total} s in all; no job runs longer than 30 days ({_LONGEST_JOB} s)."
    for number, entry in enumerate(candidates):
        if entry.get("AfterSeconds", 0) > total:
            moment = entry["AfterSeconds"]
            yield f"Candidates[{number}].AfterSeconds: the job has ended after {total} s, before {moment} s."


def _best_candidate_problems(candidates: list[dict[str, Any]], ending: Mapping[str, Any]) -> Iterator[str]:
    if "BestCandidate" not in ending:
        return
    best = ending["BestCandidate"]
    statuses = {candidate["CandidateName"]: candidate["CandidateStatus"] for _, _, candidate in _unfolded(candidates)}
    if best not in statuses:
        yield f"Ending.BestCandidate {best!r} is not one of the candidates ({', '.join(statuses) or 'there are none'})."
    elif statuses[best] != "Completed":
        yield f"Ending.BestCandidate {best!r} is {statuses[best]} at the end, and only a Completed one can be best."
