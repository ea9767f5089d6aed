"""Faults that tests inject into the emulator.

They are a JSON object, PUT to ``/automl-emulator/faults`` (:mod:`airflow_sagemaker_automl.emulator.fault_switch`)::

    {
      "ThrottlingRate": 0.9,
      "LatencySeconds": 0.2,
      "Operations": ["ListAutoMLJobs", "DescribeAutoMLJobV2"],
      "ForSeconds": 60,
      "Seed": 1
    }

They affect SageMaker's API only: S3, STS, the runtime's ``InvokeEndpoint`` and the emulator's own plain HTTP keep
working. All members are optional; a member that is not set causes no fault.

``DroppedRequestRate``
    The share of requests, from 0 to 1, whose connection is closed without an answer and without effect.
``ServiceUnavailableRate``, ``InternalFailureRate``
    The shares of requests that answer ``ServiceUnavailable`` (503) and ``InternalFailure`` (500), without effect.
``ThrottlingRate``
    The share of requests that answer ``ThrottlingException`` (400), "Rate exceeded", without effect.
``DroppedAnswerRate``
    The share of requests that are handled, but whose connection is closed without an answer: a job may have been
    created.
``LatencySeconds``
    How long an answer is delayed after its request was handled: a client may time out although the job was created.
``Operations``
    The operations that all of the above applies to. Default: all.
``ExpiredTokens``
    Which requests answer ``ExpiredTokenException``: ``"All"``; ``"Known"``, those with an access key that the
    emulator's SageMaker had seen when the faults were put, so that a renewed key works; or a list of access keys. Keys
    without a session token, which do not expire on AWS, expire here too.
``DeniedOperations``
    Operations that answer ``AccessDeniedException``.
``DeniedResources``
    Names and ARNs that ``DeniedOperations`` applies to. Default: all.
``StaleListSeconds``
    ``ListAutoMLJobs`` and ``ListTransformJobs`` answer as of this many seconds ago: jobs created since then are
    missing, and later changes, for example the end of a job, do not show. The same holds for the
    ``ModelPackageStatus`` in ``ListModelPackages``. Other operations return the current state.
``StaleDescriptions``
    After each ``UpdateModelPackage``, this many ``DescribeModelPackage`` calls for the version show its state before.
``StaleTags``
    This many first ``ListTags`` calls for a resource return no tags, as if they were not visible yet.
``ConcurrentJobs``
    How many AutoML jobs may be ``InProgress`` or ``Stopping`` at the same time in each account and region; 0 is an
    account without quota. Default: the quota that the emulator was started with.
``TransformInstances``
    How many instances of each type the transform jobs of an account and region may use at the same time; 0 is an
    account without quota. Default: 100.
``TokensNotCompared``
    True: ``CreateModelPackage`` returns the package that the same ``ClientToken`` registered before, even if the
    request differs. Otherwise a known token with a different request is a ``ConflictException``; what AWS does is not
    documented.
``CompleteObjectives``
    True: jobs of mode ``HYPERPARAMETER_TUNING`` that are created from now on describe the objective of their candidates
    completely, like jobs of mode ``ENSEMBLING``: with the standard name as ``MetricName``, ``StandardMetricName`` and
    ``Type``. Otherwise only with the name in the tuning job, for example ``validation:f1_binary``, and the value. Both
    were seen in answers of the service.
``ForSeconds``
    The seconds after which all faults end. Default: when they are deleted or replaced.
``Seed``
    An integer that seeds the random generator: the same sequence of requests meets the same faults. Default: a random
    seed.

If several faults apply to one request, the first in this order counts: a dropped request, an expired token, a denied
operation, an unavailable service, an internal failure, throttling. Error answers can be delayed and dropped, too.

Documented by AWS (https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html): the codes, and the
statuses 400 for throttling, 500 and 503. Assumed: AWS documents 403 for an expired token and a denied operation, but
services with SageMaker's protocol (JSON 1.1) were observed to answer 400, as the emulator does; clients should not
depend on it. The message of a denial follows IAM's user guide, with the resource as in messages about ``ListDomains``:
``*`` for the name. In which order AWS checks, and how far ``ListAutoMLJobs`` may lag behind, is not documented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.emulator import documents
from airflow_sagemaker_automl.emulator.contract import service_model

ALL = "All"
KNOWN = "Known"
TRANSFORM_INSTANCES = 100

_RATES = (
    "DroppedRequestRate",
    "ServiceUnavailableRate",
    "InternalFailureRate",
    "ThrottlingRate",
    "DroppedAnswerRate",
)
_SECONDS = ("LatencySeconds", "StaleListSeconds", "ForSeconds")
_COUNTS = ("ConcurrentJobs", "StaleDescriptions", "StaleTags", "TransformInstances")
_OPERATIONS = ("Operations", "DeniedOperations")
_SWITCHES = ("CompleteObjectives", "TokensNotCompared")
_OTHERS = ("DeniedResources", "ExpiredTokens", "Seed")
_MEMBERS = frozenset({*_RATES, *_SECONDS, *_COUNTS, *_OPERATIONS, *_SWITCHES, *_OTHERS})
_MOST_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Faults:
    """Validated faults; by default there are none.

    :param rates: shares of requests by member name, in the order in which they are drawn.
    :param latency: seconds.
    :param operations: the operations that rates and latency apply to; None for all.
    :param expired: ``All``, ``Known`` or access keys; None for none.
    :param denied: operations.
    :param denied_resources: names and ARNs.
    :param stale_list: seconds.
    :param stale_descriptions: number of stale descriptions after a change.
    :param stale_tags: number of empty lists of tags after a creation.
    :param concurrent_jobs: quota of concurrent AutoML jobs; None for the emulator's own.
    :param transform_instances: quota of instances of each type for transform jobs.
    :param tokens_not_compared: whether a known client token is accepted with a different request.
    :param complete_objectives: whether the candidates of tuning mode have a complete objective.
    :param lasting: duration in seconds; None without an end.
    :param seed: seed of the random generator; None for a random one.
    """

    rates: Mapping[str, float]
    latency: float = 0
    operations: frozenset[str] | None = None
    expired: str | frozenset[str] | None = None
    denied: frozenset[str] = frozenset()
    denied_resources: frozenset[str] = frozenset()
    stale_list: float = 0
    stale_descriptions: int = 0
    stale_tags: int = 0
    concurrent_jobs: int | None = None
    transform_instances: int = TRANSFORM_INSTANCES
    tokens_not_compared: bool = False
    complete_objectives: bool = False
    lasting: float | None = None
    seed: int | None = None

    @classmethod
    def from_json(cls, text: str | bytes) -> Faults:
        """Read and check a document.

        :raises InvalidDocument: with all problems.
        """
        document = documents.read(text, "document of faults", _problems)
        operations, expired = document.get("Operations"), document.get("ExpiredTokens")
        return cls(
            {name: document[name] for name in _RATES if name in document},
            document.get("LatencySeconds", 0),
            None if operations is None else frozenset(operations),
            frozenset(expired) if isinstance(expired, list) else expired,
            frozenset(document.get("DeniedOperations", [])),
            frozenset(document.get("DeniedResources", [])),
            document.get("StaleListSeconds", 0),
            document.get("StaleDescriptions", 0),
            document.get("StaleTags", 0),
            document.get("ConcurrentJobs"),
            document.get("TransformInstances", TRANSFORM_INSTANCES),
            document.get("TokensNotCompared", False),
            document.get("CompleteObjectives", False),
            document.get("ForSeconds"),
            document.get("Seed"),
        )


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(document) - _MEMBERS):
        yield f"There is no fault {name!r}; valid are: {', '.join(sorted(_MEMBERS))}."
    for name, value in document.items():
        if name in _RATES and not (_is_number(value) and 0 <= value <= 1):
            yield f"{name} must be a share of requests, from 0 to 1, not {value!r}."
        if name in _SECONDS and not (_is_number(value) and 0 <= value <= _MOST_SECONDS):
            yield f"{name} must be a number of seconds, from 0 to {_MOST_SECONDS}, not {value!r}."
        if name in _COUNTS and not (_is_whole(value) and value >= 0):
            yield f"{name} must be a whole number, 0 or more, not {value!r}."
        if name in _OPERATIONS:
            yield from _operation_problems(name, value)
    if "ExpiredTokens" in document:
        yield from _token_problems(document["ExpiredTokens"])
    yield from _other_problems(document)


def _other_problems(document: Mapping[str, Any]) -> Iterator[str]:
    if not _is_list_of_texts(document.get("DeniedResources", ["none"])):
        yield f"DeniedResources must be a list of one or more names or ARNs, not {document['DeniedResources']!r}."
    for name in _SWITCHES:
        if not isinstance(document.get(name, False), bool):
            yield f"{name} must be true or false, not {document[name]!r}."
    if not _is_whole(document.get("Seed", 0)):
        yield f"Seed must be a whole number, not {document['Seed']!r}."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _operation_problems(member: str, value: Any) -> Iterator[str]:
    if not _is_list_of_texts(value):
        yield f"{member} must be a list of one or more operations, not {value!r}."
        return
    known = frozenset(service_model().operation_names)
    for name in value:
        if name not in known:
            yield f"{member}: SageMaker has no operation {name!r}."


def _token_problems(value: Any) -> Iterator[str]:
    if value not in (ALL, KNOWN) and not _is_list_of_texts(value):
        yield f"ExpiredTokens must be {ALL!r}, {KNOWN!r} or a list of one or more access keys, not {value!r}."


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
