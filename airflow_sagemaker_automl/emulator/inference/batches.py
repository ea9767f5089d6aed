"""The records of an object, and the payloads that a transform job sends to the container."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple
from zlib import error as ZlibError  # noqa: N812 - the module's own name is lower case.

# Whether the service means 1,000,000 or 1,048,576 bytes is not documented.
_MEGABYTE = 1 << 20


class ObjectFailed(Exception):
    """An object cannot be transformed; the message continues its name.

    :param kind: ``ClientError``, or ``AlgorithmError`` if the model failed.
    :param log: what the service would write to the job's log about it.
    :param traceback: how the model failed.
    """

    def __init__(
        self, message: str, kind: str = "ClientError", log: tuple[str, ...] = (), traceback: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.log = log
        self.traceback = traceback


class WrongRow(ValueError):
    """A record is not a row that can be filtered; the message is a sentence without its end."""


class Record(NamedTuple):
    """One record of an object.

    :param line: number of its line, from 1; 0 for a whole object.
    :param original: as it is in the object.
    :param payload: the part that goes to the container.
    """

    line: int
    original: bytes
    payload: bytes


class Batch(NamedTuple):
    """The records of one invocation."""

    records: list[Record]

    @property
    def payload(self) -> bytes:
        return b"".join(record.payload for record in self.records)

    @property
    def place(self) -> str:
        """Where the batch is in its object: a text that follows the object's name."""
        first, last = self.records[0].line, self.records[-1].line
        if not first:
            return ""
        return f", line {first}" if first == last else f", lines {first} to {last}"


def records_of(body: IO[bytes], *, by_line: bool, filtered: Callable[[bytes], bytes]) -> Iterator[Record]:
    """Read the records of an object; blank lines are none.

    :param filtered: takes the payload from a line.
    :raises ObjectFailed: a line cannot be filtered.
    """
    if not by_line:
        whole = body.read()
        yield Record(0, whole, whole)
        return
    for number, line in enumerate(body, start=1):
        if line.strip():
            # Only the last line may lack its end, but the filter and a batch need one for each.
            ended = line if line.endswith(b"\n") else line + b"\n"
            try:
                yield Record(number, ended, filtered(ended))
            except WrongRow as error:
                raise ObjectFailed(f", line {number}: {error}.") from error


def batches_of(records: Iterable[Record], *, megabytes: int, single: bool) -> Iterator[Batch]:
    """Group records: one in each batch, or as many as fit into the largest payload.

    :raises ObjectFailed: a record alone is larger than that.
    """
    most = megabytes * _MEGABYTE
    waiting: list[Record] = []
    size = 0
    for record in records:
        length = len(record.payload)
        if length > most:
            where = f", line {record.line}," if record.line else ""
            raise ObjectFailed(
                f"{where} has {length} bytes, which is more than MaxPayloadInMB ({megabytes} MB, {most} bytes) allows "
                "for a record."
            )
        if waiting and (single or size + length > most):
            yield Batch(waiting)
            waiting, size = [], 0
        waiting.append(record)
        size += length
    if waiting:
        yield Batch(waiting)


@contextmanager
def opened(body: IO[bytes], *, compressed: bool) -> Iterator[IO[bytes]]:
    """Open an object's content.

    :raises ObjectFailed: it is not gzipped although it should be, or is damaged.
    """
    try:
        if compressed:
            with gzip.open(body) as content:
                yield content  # type: ignore[misc]
        else:
            yield body
    except gzip.BadGzipFile as error:
        raise ObjectFailed(" is not gzipped, as CompressionType says.") from error
    except (EOFError, ZlibError) as error:
        raise ObjectFailed(" cannot be decompressed: it is cut off or damaged.") from error
