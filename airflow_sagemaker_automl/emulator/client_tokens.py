"""Client tokens, which make it safe to repeat a registration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from airflow_sagemaker_automl.emulator.errors import ConflictException


class _Registered(Protocol):
    client_token: str | None
    request: dict[str, Any]


_Package = TypeVar("_Package", bound=_Registered)


class ClientTokens(Generic[_Package]):
    """The packages by the token that they were registered with, also versions that were deleted since.

    Whether the service then forgets the token is not documented; clients must handle both cases.
    """

    def __init__(self) -> None:
        self._packages: dict[str, _Package] = {}

    def find(self, request: Mapping[str, Any], *, is_compared: bool) -> _Package | None:
        """Find the package that was registered with a request's token.

        :param is_compared: whether it must have been registered with the same request.
        :raises ConflictException: it was registered with another request.
        """
        package = self._packages.get(request.get("ClientToken", ""))
        if package and is_compared:
            require_same(package.request, request)
        return package

    def remember(self, package: _Package) -> _Package:
        """Know a package from now on, and return it."""
        if package.client_token:
            self._packages[package.client_token] = package
        return package

    def forget(self, packages: Iterable[_Package]) -> None:
        for package in packages:
            if self._packages.get(package.client_token or "") is package:
                del self._packages[package.client_token or ""]


def require_same(earlier: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    """Refuse a known client token with a different request; a group's name and its ARN count as equal."""

    def named(members: Mapping[str, Any]) -> dict[str, Any]:
        group = members.get("ModelPackageGroupName")
        return {**members, "ModelPackageGroupName": group and group.rpartition("/")[2]}

    if named(earlier) != named(request):
        raise ConflictException("The client token was used before, with other parameters.")
