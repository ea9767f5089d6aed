"""Jobs and versions that go as a test needs them, without a training: scripts of the emulator."""

from __future__ import annotations

from typing import Any

from tests.plain_http import send

CONTAINERS = [{"Image": "image:1", "ModelDataUrl": "s3://automl-demo/model.tar.gz"}]
CANDIDATE: dict[str, Any] = {
    "CandidateName": "best",
    "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Type": "Maximize", "Value": 0.9},
    "InferenceContainers": CONTAINERS,
}


def script_jobs(url: str, pattern: str, *candidates: dict[str, Any], **ending: Any) -> None:
    """Let jobs end at once.

    :param url: the emulator's.
    :param pattern: of their names.
    :param candidates: in the service's words; the first one is the best, if there is any.
    :param ending: members of ``DescribeAutoMLJobV2``. Default: completed.
    """
    best = {"BestCandidate": candidates[0]["CandidateName"]} if candidates else {}
    script = {
        "Candidates": [{"Candidate": candidate} for candidate in candidates],
        "Ending": {"AutoMLJobStatus": "Completed", **best, **ending},
    }
    _put(f"{url}/automl-emulator/scripts/{pattern.strip('*')}?job-names={pattern}", script)


def script_versions(url: str, group: str, status: str = "Completed", stages: Any = (), **details: Any) -> None:
    """Let versions of a group end as told.

    :param url: the emulator's.
    :param status: ``Completed`` or ``Failed``.
    :param stages: what they show before.
    :param details: ``ModelPackageStatusDetails``, if any.
    """
    ending = {"ModelPackageStatus": status, **({"ModelPackageStatusDetails": details} if details else {})}
    _put(
        f"{url}/automl-emulator/scripts/{group}?model-package-groups={group}",
        {"Stages": list(stages), "Ending": ending},
    )


def _put(url: str, script: Any) -> None:
    status, answer = send(url, "PUT", script)
    assert status in (200, 201), answer
