"""The operations that this emulator answers itself; moto answers the rest of SageMaker."""

from __future__ import annotations

import base64
import functools
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.contract import check_answer, check_request

_DEFAULT_PAGE = 10
Members = dict[str, Any]


class UnknownOperation(ServiceException):
    """An operation that nobody has written yet."""

    code = "UnknownOperationException"


class InternalFailure(ServiceException):
    """A mistake of the emulator's own."""

    code = "InternalFailure"


def _operation(handler: Callable[[LocalSageMakerService, Members], Members]) -> Callable[..., ActionResult]:
    """Check what comes in and what goes out against the service model."""

    @functools.wraps(handler)
    def answer(self: LocalSageMakerService) -> ActionResult:
        operation, request = self._get_action(), dict(self.params)
        check_request(operation, request)
        with self.local.lock:
            answered = handler(self, request)
        check_answer(operation, answered)
        return ActionResult(answered)

    return answer


class LocalSageMakerService(SageMakerResponse):
    """SageMaker's API: one method for each operation, named and found as moto does it."""

    @property
    def local(self) -> LocalSageMaker:
        backend = sagemaker_backends[self.current_account][self.region]
        assert isinstance(backend, LocalSageMaker)
        return backend

    def call_action(self) -> Any:
        """Answer with an AWS error where moto would answer with a page of HTML, which boto3 retries in vain."""
        try:
            return super().call_action()
        except NotImplementedError:
            message = f"The emulator does not implement {self._get_action()}."
            return self.serialized(ActionResult(UnknownOperation(message)))
        except Exception as error:
            traceback.print_exc()
            message = f"The emulator failed at {self._get_action()}: {type(error).__name__}: {error}"
            _, headers, body = self.serialized(ActionResult(InternalFailure(message)))
            return HTTPStatus.INTERNAL_SERVER_ERROR, headers, body

    @_operation
    def create_auto_ml_job_v2(self, request: Members) -> Members:
        return {"AutoMLJobArn": self.local.start_job(request).arn}

    @_operation
    def describe_auto_ml_job_v2(self, request: Members) -> Members:
        return self.local.find_job(request["AutoMLJobName"]).describe()

    @_operation
    def list_auto_ml_jobs(self, request: Members) -> Members:
        summaries = [job.summary() for job in list(self.local.auto_ml_jobs.values())]
        wanted = _within(summaries, request, "AutoMLJobName", {"StatusEquals": "AutoMLJobStatus"})
        sort_key = {"Name": "AutoMLJobName", "CreationTime": "CreationTime", "Status": "AutoMLJobStatus"}
        return _page(wanted, request, "AutoMLJobSummaries", sort_key[request.get("SortBy", "Name")], "Descending")

    @_operation
    def list_candidates_for_auto_ml_job(self, request: Members) -> Members:
        candidates = self.local.find_job(request["AutoMLJobName"]).candidates()
        filters = {"StatusEquals": "CandidateStatus", "CandidateNameEquals": "CandidateName"}
        wanted = _within(candidates, request, "CandidateName", filters)
        sort_keys: dict[str, str | Callable[[Members], Any]] = {
            "CreationTime": "CreationTime",
            "Status": "CandidateStatus",
            "FinalObjectiveMetricValue": lambda candidate: candidate["FinalAutoMLJobObjectiveMetric"]["Value"],
        }
        return _page(wanted, request, "Candidates", sort_keys[request.get("SortBy", "CreationTime")], "Ascending")

    @_operation
    def stop_auto_ml_job(self, request: Members) -> Members:
        self.local.stop_job(request["AutoMLJobName"])
        return {}

    @_operation
    def create_model_package_group(self, request: Members) -> Members:
        return {"ModelPackageGroupArn": self.local.create_group(request).arn}

    @_operation
    def describe_model_package_group(self, request: Members) -> Members:
        return self.local.find_group(request["ModelPackageGroupName"]).describe()

    @_operation
    def list_model_package_groups(self, request: Members) -> Members:
        summaries = [group.summary() for group in list(self.local.model_package_groups.values())]
        wanted = _within(summaries, request, "ModelPackageGroupName", {})
        sort_key = {"Name": "ModelPackageGroupName", "CreationTime": "CreationTime"}
        key = sort_key[request.get("SortBy", "CreationTime")]
        return _page(wanted, request, "ModelPackageGroupSummaryList", key, "Ascending")

    @_operation
    def delete_model_package_group(self, request: Members) -> Members:
        self.local.delete_group(request["ModelPackageGroupName"])
        return {}

    @_operation
    def create_model_package(self, request: Members) -> Members:
        if "ModelPackageName" in request:
            raise ValidationError("The emulator keeps versioned model packages only; give ModelPackageGroupName.")
        if "ModelPackageGroupName" not in request:
            raise ValidationError("Missing ARN.")
        group = self.local.find_group(request["ModelPackageGroupName"])
        return {"ModelPackageArn": group.add_version(request, self.local.caller()).arn}

    @_operation
    def describe_model_package(self, request: Members) -> Members:
        return self.local.find_version(request["ModelPackageName"]).describe()

    @_operation
    def update_model_package(self, request: Members) -> Members:
        version = self.local.find_version(request["ModelPackageArn"])
        version.update(request, self.local.caller())
        return {"ModelPackageArn": version.arn}

    @_operation
    def list_model_packages(self, request: Members) -> Members:
        # Without a group the service lists unversioned packages, of which there are none here.
        name = request.get("ModelPackageGroupName")
        versions = list(self.local.find_group(name).versions.values()) if name else []
        filters = {"ModelApprovalStatus": "ModelApprovalStatus"}
        wanted = _within([version.summary() for version in versions], request, "ModelPackageArn", filters)
        sort_key = {"Name": "ModelPackageArn", "CreationTime": "CreationTime"}
        key = sort_key[request.get("SortBy", "CreationTime")]
        return _page(wanted, request, "ModelPackageSummaryList", key, "Ascending")

    @_operation
    def delete_model_package(self, request: Members) -> Members:
        self.local.delete_version(request["ModelPackageName"])
        return {}


def _within(
    items: Iterable[Members], request: Mapping[str, Any], name: str, filters: Mapping[str, str]
) -> list[Members]:
    """Keep what the filters of a list request let through."""

    def wanted(item: Members) -> bool:
        return (
            all(item[member] == request[filter_] for filter_, member in filters.items() if filter_ in request)
            and request.get("NameContains", "").lower() in item[name].lower()
            and all(item[moment] > bound for moment, bound in _bounds(request, "After"))
            and all(item[moment] < bound for moment, bound in _bounds(request, "Before"))
        )

    return [item for item in items if wanted(item)]


def _bounds(request: Mapping[str, Any], side: str) -> list[tuple[str, datetime]]:
    """Read the time filters of a list request; moto parses times as UTC without saying so."""
    moments = ("CreationTime", "LastModifiedTime")
    return [(name, request[f"{name}{side}"].replace(tzinfo=UTC)) for name in moments if f"{name}{side}" in request]


def _page(
    items: list[Members],
    request: Mapping[str, Any],
    result: str,
    sort_key: str | Callable[[Members], Any],
    default_order: str,
) -> Members:
    key = sort_key if callable(sort_key) else lambda item: item[sort_key]
    ordered = sorted(items, key=key, reverse=request.get("SortOrder", default_order) == "Descending")
    start = _offset(request.get("NextToken"))
    end = start + request.get("MaxResults", _DEFAULT_PAGE)
    answer: Members = {result: ordered[start:end]}
    if end < len(ordered):
        answer["NextToken"] = base64.b64encode(str(end).encode()).decode()
    return answer


def _offset(token: str | None) -> int:
    try:
        return int(base64.b64decode(token)) if token else 0
    except ValueError:
        raise ValidationError("The NextToken is not one that this service gave.") from None
