"""Faults: what goes wrong at the emulator because whoever tests wants to see it go wrong.

They are a JSON object, put to ``/automl-emulator/faults`` (:mod:`airflow_sagemaker_automl.emulator.fault_switch`)::

    {
      "ThrottlingRate": 0.9,
      "LatencySeconds": 0.2,
      "Operations": ["ListAutoMLJobs", "DescribeAutoMLJobV2"],
      "ForSeconds": 60,
      "Seed": 1
    }

They concern SageMaker's API alone: S3, STS, the runtime's ``InvokeEndpoint`` and the emulator's own plain HTTP go on.
Every member may be left out, and then nothing of it goes wrong.

``DroppedRequestRate``
    The share of requests, from 0 to 1, whose connection is closed without an answer and without effect.
``ServiceUnavailableRate``, ``InternalFailureRate``
    The shares that answer ``ServiceUnavailable`` (503) and ``InternalFailure`` (500), without effect.
``ThrottlingRate``
    The share that answers ``ThrottlingException`` (400), "Rate exceeded", without effect.
``DroppedAnswerRate``
    The share that is handled, and whose connection is closed without the answer: a job may have been created.
``LatencySeconds``
    How long an answer waits after its request was handled: a client may be gone by then, and the job is there.
``Operations``
    The operations that all of the above is about. Default: all.
``ExpiredTokens``
    Whose requests answer ``ExpiredTokenException``: ``"All"``; ``"Known"``, those with an access key that the
    emulator's SageMaker had seen when this was put, so that a renewed key is good; or a list of access keys. Keys
    without a session token, which on AWS do not expire, expire here too.
``DeniedOperations``
    Operations that answer ``AccessDeniedException``.
``DeniedResources``
    Names and ARNs that ``DeniedOperations`` is about. Default: all.
``StaleListSeconds``
    ``ListAutoMLJobs`` answers as of so many seconds ago: jobs that were created since then are missing, and what has
    changed since then, the end of a job for example, shows as it was. So does ``ListModelPackages``, as far as
    ``ModelPackageStatus`` is concerned. Other operations answer as of now.
``StaleDescriptions``
    After each ``UpdateModelPackage`` so many ``DescribeModelPackage`` of the version show it as it was before.
``StaleTags``
    The first so many ``ListTags`` of a resource have none, as if its tags had not arrived yet.
``ConcurrentJobs``
    How many AutoML jobs may be ``InProgress`` or ``Stopping`` at once in each account and region; 0 is an account
    without quota. Left out, it is what the emulator was started with.
``TokensNotCompared``
    True: ``CreateModelPackage`` gives back what a ``ClientToken`` has registered before, whatever the request asks for
    now. Otherwise a token that comes again with something else is a ``ConflictException``; what AWS does is not
    documented.
``ForSeconds``
    After how long all of it ends by itself. Default: when it is ended or replaced.
``Seed``
    A whole number that fixes what chance brings: the same requests, one after another, meet the same faults. Default:
    another series each time.

Of several that meet in one request the first counts: a dropped request, an expired token, a denied operation, an
unavailable service, an internal failure, throttling. Refusals, too, are late and have their answers dropped.

What AWS's documents say (https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html): the codes, and
the statuses 400 for throttling, 500 and 503. What is assumed: they say 403 for an expired token and a denied
operation, but services of SageMaker's protocol (JSON 1.1) were seen to answer 400, which is what these answer; no
client should look at it. The message of a denial has the form that IAM's user guide shows, with the resource that
messages about ``ListDomains`` show, ``*`` for the name. Nothing says in which order AWS looks, or how far
``ListAutoMLJobs`` may lag behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.emulator import documents
from airflow_sagemaker_automl.emulator.contract import service_model

ALL = "All"
KNOWN = "Known"

_RATES = (
    "DroppedRequestRate",
    "ServiceUnavailableRate",
    "InternalFailureRate",
    "ThrottlingRate",
    "DroppedAnswerRate",
)
_SECONDS = ("LatencySeconds", "StaleListSeconds", "ForSeconds")
_COUNTS = ("ConcurrentJobs", "StaleDescriptions", "StaleTags")
_OPERATIONS = ("Operations", "DeniedOperations")
_OTHERS = ("DeniedResources", "ExpiredTokens", "TokensNotCompared", "Seed")
_MEMBERS = frozenset({*_RATES, *_SECONDS, *_COUNTS, *_OPERATIONS, *_OTHERS})
_MOST_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Faults:
    """Faults that have been checked; by default there are none.

    :param rates: shares of requests by the member that names them, in the order in which they are drawn.
    :param latency: seconds.
    :param operations: the operations that have rates and latency; None for all.
    :param expired: ``All``, ``Known`` or access keys; None for none.
    :param denied: operations.
    :param denied_resources: names and ARNs.
    :param stale_list: seconds.
    :param stale_descriptions: how many after a change.
    :param stale_tags: how many lists of tags after a creation.
    :param concurrent_jobs: quota of AutoML jobs at once, None for the usual one.
    :param tokens_not_compared: whether a client token is believed.
    :param lasting: seconds, None without an end.
    :param seed: of the generator of chance, None for another one each time.
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
    tokens_not_compared: bool = False
    lasting: float | None = None
    seed: int | None = None

    @classmethod
    def from_json(cls, text: str | bytes) -> Faults:
        """Read and check a document.

        :raises InvalidDocument: with everything that is wrong with it.
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
            document.get("TokensNotCompared", False),
            document.get("ForSeconds"),
            document.get("Seed"),
        )


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(document) - _MEMBERS):
        yield f"There is no fault {name!r}; these are: {', '.join(sorted(_MEMBERS))}."
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
    if not isinstance(document.get("TokensNotCompared", False), bool):
        yield f"TokensNotCompared must be true or false, not {document['TokensNotCompared']!r}."
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
