"""What a scoring has prepared: stored in S3 beside the input, so that a retry, or a resumed task, goes on with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class PreparedScoring:
    """The input of a transform job, and what its predictions mean.

    :param model_package_arn: the version that scores.
    :param group: name of its group.
    :param containers: of the model to create.
    :param columns: the columns that the container gets, in order.
    :param predictions: names of the columns of its answers; empty if they have a header of their own.
    :param folder: name of the folder that has the input and its keys.
    :param fingerprint: of all that decides on the result: version, data and arguments.
    :param data_digest: of the content of the data; empty if it is sent as it is.
    :param parts: number of rows of each part, in order; empty if the data is sent as it is.
    :param rows: number of rows of the data, with those that are left out.
    :param unusable: how many rows are left out.
    :param line_breaks: how many values had line breaks, which are spaces now.
    """

    model_package_arn: str
    group: str
    containers: Sequence[Mapping[str, Any]]
    columns: Sequence[str]
    predictions: Sequence[str]
    folder: str
    fingerprint: str
    data_digest: str = ""
    parts: Sequence[int] = ()
    rows: int = 0
    unusable: int = 0
    line_breaks: int = 0

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> PreparedScoring:
        """Read the output of :meth:`to_json`."""
        return cls(**kept)

    def to_json(self) -> dict[str, Any]:
        """Return it in JSON."""
        return asdict(self)
