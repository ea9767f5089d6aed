"""The common parts of all list operations: filters, order and pages."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from airflow_sagemaker_automl.emulator.errors import ValidationException

Members = dict[str, Any]

PAGE = 10
_MOMENTS = ("CreationTime", "LastModifiedTime")


def within(items: Iterable[Members], request: Mapping[str, Any], name: str, **filters: str) -> list[Members]:
    """Apply the filters of a list request.

    :param name: the member that ``NameContains`` searches, ignoring case.
    :param filters: filter of the request → the member that must equal it.
    """

    equal = [(member, request[filter_]) for filter_, member in filters.items() if filter_ in request]
    part, after, before = request.get("NameContains", "").lower(), _bounds(request, "After"), _bounds(request, "Before")
    return [
        item
        for item in items
        if all(item.get(member) == value for member, value in equal)
        and part in item[name].lower()
        and all(item[moment] > bound for moment, bound in after)
        and all(item[moment] < bound for moment, bound in before)
    ]


def _bounds(request: Mapping[str, Any], side: str) -> list[tuple[str, datetime]]:
    return [(name, request[f"{name}{side}"]) for name in _MOMENTS if f"{name}{side}" in request]


def page(
    items: Iterable[Members],
    request: Mapping[str, Any],
    result: str,
    *,
    name: str,
    sort_key: Callable[[Members], Any],
    order: str,
    size: int = PAGE,
) -> Members:
    """Sort the items and return one page.

    A token holds the last entry shown and not an index, so that entries created or deleted between two pages neither
    hide nor repeat another entry.

    :param result: the answer's member that holds the page.
    :param name: the member that breaks ties in the order.
    :param order: default sort order: ``Ascending`` or ``Descending``.
    :param size: default page size.
    :raises ValidationException: the token was not issued for this list and order.
    """
    descending = request.get("SortOrder", order) == "Descending"
    scope = [result, request.get("SortBy"), descending]

    def position(item: Members) -> list[Any]:
        value = sort_key(item)
        return [value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value, item[name]]

    placed = [(position(item), item) for item in items]
    if "NextToken" in request:
        last = _read_token(request["NextToken"], scope)
        placed = [(place, item) for place, item in placed if (place < last if descending else place > last)]
    placed.sort(key=itemgetter(0), reverse=descending)
    length = request.get("MaxResults", size)
    answer: Members = {result: [item for _, item in placed[:length]]}
    if len(placed) > length:
        answer["NextToken"] = _write_token(scope, placed[length - 1][0])
    return answer


def _write_token(scope: list[Any], last: list[Any]) -> str:
    return base64.b64encode(json.dumps([scope, last]).encode()).decode()


def _read_token(token: str, scope: list[Any]) -> list[Any]:
    try:
        written_for, last = json.loads(base64.b64decode(token, validate=True))
    except (ValueError, TypeError):
        raise ValidationException("The NextToken is not one that this service gave.") from None
    if written_for != scope:
        raise ValidationException("The NextToken was given for another list or another order.")
    return list(last)
