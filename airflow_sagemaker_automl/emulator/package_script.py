"""Scripts for versions: how the service completes a version of a model package group.

A script is a JSON object with the service's own members::

    {
      "Stages": [
        {"ModelPackageStatus": "Pending", "Seconds": 1},
        {"ModelPackageStatus": "InProgress"}
      ],
      "Ending": {
        "ModelPackageStatus": "Failed",
        "ModelPackageStatusDetails": {
          "ValidationStatuses": [
            {"Name": "profile", "Status": "Failed", "FailureReason": "The container exited with status 1."}
          ],
          "ImageScanStatuses": []
        }
      }
    }

``Stages``
    The statuses of the version until it is completed, in order: ``Pending`` or ``InProgress``. ``Seconds`` is the
    duration of a stage; without it, the stage lasts until the script is deleted or replaced. Default: no stages.
``Ending``
    Required. ``ModelPackageStatus`` is ``Completed`` or ``Failed``.

Both may have ``ModelPackageStatusDetails`` as in ``DescribeModelPackage``. Default: no validation and no image scan.

A script that is PUT to ``/automl-emulator/scripts/<name>?model-package-groups=<pattern>`` applies to all versions that
are registered afterwards in groups with a matching name. A version without a script is ``Completed`` immediately. The
exception is a version with a ``ValidationSpecification`` whose validation is not skipped: the transform jobs of its
profiles run (:mod:`airflow_sagemaker_automl.emulator.package_validation`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.emulator import documents
from airflow_sagemaker_automl.emulator.contract import violations
from airflow_sagemaker_automl.emulator.documents import is_list_of_objects, seconds_problems, unknown_members

_WHILE_WAITING = ("Pending", "InProgress")
_ENDINGS = ("Completed", "Failed")
NOTHING_CHECKED: Mapping[str, Any] = {"ValidationStatuses": [], "ImageScanStatuses": []}
_SHOWN = frozenset({"ModelPackageStatus", "ModelPackageStatusDetails"})


class PackageScript:
    """A validated script for versions.

    :param stages: members of ``DescribeModelPackage``, each with its seconds, or None until :meth:`let_go`.
    :param ending: the same members after the last stage.
    """

    def __init__(self, stages: list[tuple[dict[str, Any], float | None]], ending: dict[str, Any]) -> None:
        self._stages = stages
        self._ending = ending
        self._let_go: float | None = None

    @classmethod
    def from_json(cls, text: str | bytes) -> PackageScript:
        """Read and check a script.

        :raises InvalidDocument: with all problems.
        """
        document = documents.read(text, "script", _problems)
        stages = [(_shown(stage), stage.get("Seconds")) for stage in document.get("Stages", [])]
        return cls(stages, _shown(document["Ending"]))

    def let_go(self) -> None:
        """End the stages that have no duration."""
        self._let_go = time.monotonic()

    def at(self, created: float, moment: float) -> dict[str, Any]:
        """Find the state of a version at a time.

        :param created: time of registration on the monotonic clock.
        :param moment: time of the read on the monotonic clock.
        """
        ends = created
        for shown, seconds in self._stages:
            if seconds is not None:
                ends += seconds
            elif self._let_go is None:
                return shown
            else:
                ends = max(ends, self._let_go)
            if moment < ends:
                return shown
        return self._ending


def immediate() -> PackageScript:
    """Make the script of a package that is completed immediately."""
    return PackageScript([], _shown({"ModelPackageStatus": "Completed"}))


def _shown(given: Mapping[str, Any]) -> dict[str, Any]:
    details = given.get("ModelPackageStatusDetails", NOTHING_CHECKED)
    return {"ModelPackageStatus": given["ModelPackageStatus"], "ModelPackageStatusDetails": dict(details)}


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown_members(document, {"Stages", "Ending"}, "The script")
    stages, ending = document.get("Stages", []), document.get("Ending")
    if not is_list_of_objects(stages):
        yield "Stages must be a list of objects."
    else:
        for number, stage in enumerate(stages):
            path = f"Stages[{number}]"
            yield from unknown_members(stage, _SHOWN | {"Seconds"}, path)
            yield from seconds_problems(stage, "Seconds", f"{path}.Seconds")
            yield from _status_problems(stage, _WHILE_WAITING, path)
    if not isinstance(ending, dict):
        yield "Ending is required and must be an object."
    else:
        yield from unknown_members(ending, _SHOWN, "Ending")
        yield from _status_problems(ending, _ENDINGS, "Ending")


def _status_problems(holder: Mapping[str, Any], allowed: tuple[str, ...], path: str) -> Iterator[str]:
    status = holder.get("ModelPackageStatus")
    if status not in allowed:
        yield f"{path}.ModelPackageStatus must be one of {', '.join(allowed)}, not {status!r}."
    if "ModelPackageStatusDetails" in holder:
        details = holder["ModelPackageStatusDetails"]
        yield from violations("ModelPackageStatusDetails", details, f"{path}.ModelPackageStatusDetails")
