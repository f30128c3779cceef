"""What in a body the store refuses: found by halves, records first and then lines."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from monitor.errors import StoreRejected
from monitor.gzipped import members, packed_members

MOST_LINES = 16
"""Where more lines of a record are refused than this, it is not divided any further."""

MOST_WRITES = 1000
"""After so many for one body no more is divided; after half of them, no record into its lines."""

Item = TypeVar("Item")
Write = Callable[[bytes], None]


class Refused(NamedTuple):
    """Lines that the store does not take, and why: one, or a piece that was not divided further."""

    lines: bytes
    reason: str

    def count_lines(self) -> int:
        """How many there are."""
        return self.lines.count(b"\n")


def refused_in(body: bytes, reason: str, write: Write) -> list[list[Refused]]:
    """Write all of `body` that the store takes; return what it refuses, a list for each record.

    The store has refused the body as it is, for `reason`. `write` raises StoreRejected for a body
    that is refused; what else it raises ends the search, and then the whole body is to be tried
    again. For b bad lines among n that are about 2 b log2(n) writes.
    """
    return [refused for refused in _Search(write).of_body(body, reason) if refused]


class _Search:
    def __init__(self, write: Write) -> None:
        self._write = write
        self._writes_left = MOST_WRITES

    def of_body(self, body: bytes, reason: str) -> Iterator[list[Refused]]:
        records = list(packed_members(body))
        for piece, why in self._refused(records, reason, b"".join, len(records), 0):
            for lines in members(b"".join(piece)):
                yield list(self._of_lines(_lines(lines), why))

    def _of_lines(self, lines: list[bytes], reason: str) -> Iterator[Refused]:
        for piece, why in self._refused(lines, reason, _packed, MOST_LINES, MOST_WRITES // 2):
            yield Refused(b"".join(piece), why)

    def _refused(
        self,
        items: Sequence[Item],
        reason: str,
        pack: Callable[[Sequence[Item]], bytes],
        most: int,
        spare: int,
    ) -> Iterator[tuple[Sequence[Item], str]]:
        """The pieces that are refused; `items` together are, for `reason`.

        They are single items, until `most` were found or only `spare` writes are left.
        """
        pending: list[tuple[Sequence[Item], str | None]] = [(items, reason)]
        while pending:
            piece, why = pending.pop()
            if why is None and (why := self._refusal(pack(piece))) is None:
                continue
            if len(piece) > 1 and self._writes_left > spare and most > 0:
                middle = len(piece) // 2
                pending += [(piece[middle:], None), (piece[:middle], None)]
            elif piece:
                most -= 1
                yield piece, why

    def _refusal(self, body: bytes) -> str | None:
        self._writes_left -= 1
        try:
            self._write(body)
        except StoreRejected as error:
            return str(error)
        return None


def _lines(decoded: bytes) -> list[bytes]:
    """Whole lines, each with its newline; comments are none."""
    return [line + b"\n" for line in decoded.split(b"\n") if line and not line.startswith(b"#")]


def _packed(lines: Sequence[bytes]) -> bytes:
    return gzip.compress(b"".join(lines), compresslevel=1)
