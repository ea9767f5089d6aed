"""Stand-alone model cards; those of model packages are members of the packages."""

from __future__ import annotations

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.card_content import metadata_only
from airflow_sagemaker_automl.emulator.listing import Members, page, within

_SUMMARY = ("ModelCardName", "ModelCardArn", "ModelCardStatus", "CreationTime", "LastModifiedTime")
_VERSION_SUMMARY = (*_SUMMARY, "ModelCardVersion")


def create(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``CreateModelCard``."""
    return {"ModelCardArn": account.cards.create(request).arn}


def describe(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DescribeModelCard``."""
    described = account.cards.find(request["ModelCardName"]).describe(request.get("ModelCardVersion"))
    if request.get("IncludedData") == "MetadataOnly":
        described["Content"] = metadata_only(described["Content"])
    return described


def update(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``UpdateModelCard``."""
    return {"ModelCardArn": account.cards.update(request).arn}


def delete(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DeleteModelCard``."""
    account.cards.delete(request["ModelCardName"])
    return {}


def list_cards(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListModelCards``."""
    summaries = [_only(_SUMMARY, card.summary()) for card in account.cards.cards.values()]
    by_name = request.get("SortBy") == "Name"
    return page(
        within(summaries, request, "ModelCardName", ModelCardStatus="ModelCardStatus"),
        request,
        "ModelCardSummaries",
        name="ModelCardName",
        sort_key=lambda card: card["ModelCardName" if by_name else "CreationTime"],
        order="Ascending",
    )


def list_versions(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListModelCardVersions``."""
    versions = account.cards.find(request["ModelCardName"]).versions()
    return page(
        within(
            [_only(_VERSION_SUMMARY, version) for version in versions],
            request,
            "ModelCardName",
            ModelCardStatus="ModelCardStatus",
        ),
        request,
        "ModelCardVersionSummaryList",
        name="ModelCardArn",
        sort_key=lambda version: version["ModelCardVersion"],
        order="Ascending",
    )


def _only(members: tuple[str, ...], version: Members) -> Members:
    return {key: version[key] for key in members}


OPERATIONS = {
    "CreateModelCard": create,
    "DescribeModelCard": describe,
    "UpdateModelCard": update,
    "DeleteModelCard": delete,
    "ListModelCards": list_cards,
    "ListModelCardVersions": list_versions,
}
