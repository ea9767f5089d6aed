"""Jobs and versions that go as a test needs them, without a training: scripts of the emulator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.support.plain_http import send

CONTAINERS = [{"Image": "image:1", "ModelDataUrl": "s3://automl-demo/model.tar.gz"}]
CANDIDATE: dict[str, Any] = {
    "CandidateName": "best",
    "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Type": "Maximize", "Value": 0.9},
    "InferenceContainers": CONTAINERS,
}


COMPLETED: dict[str, Any] = {"ModelPackageStatus": "Completed"}
FAILED: dict[str, Any] = {
    "ModelPackageStatus": "Failed",
    "ModelPackageStatusDetails": {
        "ValidationStatuses": [{"Name": "smoke", "Status": "Failed", "FailureReason": "It exited with status 1."}],
        "ImageScanStatuses": [{"Name": "image", "Status": "Failed", "FailureReason": "It has a hole."}],
    },
}


def script_jobs(
    url: str, pattern: str, *candidates: dict[str, Any], resolved: dict[str, Any] | None = None, **ending: Any
) -> None:
    """Let jobs end at once.

    :param url: the emulator's.
    :param pattern: of their names.
    :param candidates: in the service's words; the first one is the best, if there is any.
    :param resolved: ``ResolvedAttributes``. Default: none.
    :param ending: members of ``DescribeAutoMLJobV2``. Default: completed.
    """
    best = {"BestCandidate": candidates[0]["CandidateName"]} if candidates else {}
    script: dict[str, Any] = {
        "Candidates": [{"Candidate": candidate} for candidate in candidates],
        "Ending": {"AutoMLJobStatus": "Completed", **best, **ending},
        **({"ResolvedAttributes": resolved} if resolved else {}),
    }
    _put(f"{url}/automl-emulator/scripts/{pattern.strip('*')}?job-names={pattern}", script)


def script_versions(url: str, group: str, ending: dict[str, Any] = COMPLETED, stages: Sequence[Any] = ()) -> None:
    """Let versions of a group that are registered from now on end as told.

    :param url: the emulator's.
    :param stages: what they show before.
    """
    script = {"Stages": list(stages), "Ending": ending}
    _put(f"{url}/automl-emulator/scripts/{group}?model-package-groups={group}", script)


def hold(url: str, group: str, ending: dict[str, Any] = COMPLETED) -> None:
    """Let versions of a group that are registered from now on stay in progress until :func:`let_go`.

    :param url: the emulator's.
    :param ending: how they end.
    """
    script_versions(url, group, ending, [{"ModelPackageStatus": "InProgress"}])


def let_go(url: str, group: str) -> None:
    """Let the versions of a group that are held go on to their ending."""
    assert send(f"{url}/automl-emulator/scripts/{group}", "DELETE")[0] == 204


def _put(url: str, script: Any) -> None:
    status, answer = send(url, "PUT", script)
    assert status in (200, 201), answer
