"""Scripts for versions: how the service goes about completing a version of a model package group.

A script is a JSON object in the service's own words::

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
    What the version shows until it is completed, in order: ``Pending`` or ``InProgress``. ``Seconds`` is how long;
    without it, until the script is deleted or another is put in its place. Default: none.
``Ending``
    Required. ``ModelPackageStatus`` is ``Completed`` or ``Failed``.

Both may have ``ModelPackageStatusDetails`` as in ``DescribeModelPackage``. Default: no validation and no image scan.

Put to ``/automl-emulator/scripts/<name>?model-package-groups=<pattern>``, a script is followed by all versions that
are registered from then on in groups whose name matches. A version that follows none is ``Completed`` at once, unless
it has a ``ValidationSpecification`` whose transform job is not skipped: that one is ``Failed``, for the emulator runs
no transform jobs, and says so.
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
_NOTHING_CHECKED: Mapping[str, Any] = {"ValidationStatuses": [], "ImageScanStatuses": []}
_SHOWN = frozenset({"ModelPackageStatus", "ModelPackageStatusDetails"})
_NO_TRANSFORM_JOB = (
    "The emulator runs no transform jobs, so that it cannot validate a model package. Set SkipModelValidation to All, "
    "or put a script for the group that says how the validation ends."
)


class PackageScript:
    """A script that has been checked; versions follow it by the clock.

    :param stages: members of ``DescribeModelPackage``, each with its seconds, or None until the script is let go.
    :param ending: the same members, from then on.
    """

    def __init__(self, stages: list[tuple[dict[str, Any], float | None]], ending: dict[str, Any]) -> None:
        self._stages = stages
        self._ending = ending
        self._let_go: float | None = None

    @classmethod
    def from_json(cls, text: str | bytes) -> PackageScript:
        """Read and check a script.

        :raises InvalidDocument: with everything that is wrong with it.
        """
        document = documents.read(text, "script", _problems)
        stages = [(_shown(stage), stage.get("Seconds")) for stage in document.get("Stages", [])]
        return cls(stages, _shown(document["Ending"]))

    def let_go(self) -> None:
        """Let versions go on that a stage without an end holds."""
        self._let_go = time.monotonic()

    def at(self, created: float, moment: float) -> dict[str, Any]:
        """Tell what a version shows.

        :param created: when it was registered, by the monotonic clock.
        :param moment: when somebody looks.
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


def unscripted(request: Mapping[str, Any]) -> PackageScript:
    """Tell how a version goes that follows no script.

    :param request: ``CreateModelPackage`` request.
    """
    profiles = request.get("ValidationSpecification", {}).get("ValidationProfiles", [])
    if not profiles or request.get("SkipModelValidation") == "All":
        return PackageScript([], _shown({"ModelPackageStatus": "Completed"}))
    failures = [
        {"Name": profile["ProfileName"], "Status": "Failed", "FailureReason": _NO_TRANSFORM_JOB} for profile in profiles
    ]
    details = {**_NOTHING_CHECKED, "ValidationStatuses": failures}
    return PackageScript([], {"ModelPackageStatus": "Failed", "ModelPackageStatusDetails": details})


def _shown(given: Mapping[str, Any]) -> dict[str, Any]:
    details = given.get("ModelPackageStatusDetails", _NOTHING_CHECKED)
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
        yield "Ending is required, and is an object."
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
