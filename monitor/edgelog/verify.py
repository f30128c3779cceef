"""Every record of a log looked at: its checksums, its gzip member, each of its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor import gzipped
from monitor.edgelog import frame
from monitor.edgelog.onlooker import Here, Onlooker
from monitor.errors import LineProtocolError
from monitor.lineprotocol import Parser


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a place of a segment."""

    path: Path
    offset: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.offset}: {self.reason}"


@dataclass(slots=True)
class Verifier:
    """Counts what it looks at: `records`, `lines` and `bytes` of frames that hold a record."""

    log: Onlooker
    records: int = 0
    lines: int = 0
    bytes: int = 0

    def flaws(self, advance: Callable[[int], object] = lambda _: None) -> Iterator[Flaw]:
        """Whatever is wrong, in the order of the files. `advance` is told the bytes done. OSError.

        The beginning of a record at the very end is none: it is being written, or never was
        confirmed.
        """
        parser = Parser()
        before = 0
        for here in self.log.walk():
            found = here.found
            if isinstance(found, frame.Damage):
                reason = f"{found.length} bytes hold no readable record"
                yield Flaw(here.path, found.offset, reason)
                advance(found.length)
                continue
            if found.sequence <= before:
                reason = f"record {found.sequence} stands behind record {before}"
                yield Flaw(here.path, found.offset, reason)
            before = max(before, found.sequence)
            if found.length and (reason := self._read(here, found, parser)):
                yield Flaw(here.path, found.offset, reason)
            advance(found.end - found.offset)

    def _read(self, here: Here, found: frame.Frame, parser: Parser) -> str:
        """What is wrong with a record; "" if nothing is."""
        payload = here.payload()
        name = f"record {found.sequence}"
        if payload is None:
            return "" if here.is_dropped() else f"{name} fails its checksum"
        self.records += 1
        self.bytes += found.end - found.offset
        try:
            members = list(gzipped.members(payload))
        except ValueError as error:
            return f"{name}: {error}"
        try:
            for member in members:
                self.lines += sum(1 for _ in parser.parse(member))
        except LineProtocolError as error:
            return f"{name}: {error}"
        return "" if len(members) == 1 else f"{name} has {len(members)} gzip members"
