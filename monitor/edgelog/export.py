"""The lines of a log, for other programs: a record at a time, so that memory stays flat."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor import escaping, gzipped
from monitor.edgelog import frame
from monitor.edgelog.onlooker import Here, Onlooker
from monitor.edgelog.verify import Flaw
from monitor.errors import LineProtocolError
from monitor.lineprotocol import Parser

MARGIN_NS = 3600 * 10**9
"""A record's lines are no further from its own time: an interval, or an event that came late."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Lines of Unix times from `since_ns` to before `until_ns`; of one measurement, or of all."""

    since_ns: int | None = None
    until_ns: int | None = None
    measurement: str = ""

    def may_hold(self, found: frame.Frame) -> bool:
        """Whether a record can have such a line."""
        return not (
            (self.since_ns is not None and found.time_ns < self.since_ns - MARGIN_NS)
            or (self.until_ns is not None and found.time_ns > self.until_ns + MARGIN_NS)
        )

    def of(self, lines: bytes) -> bytes:
        """Those of `lines` that are wanted. Raises ValueError for one without a timestamp."""
        if self == Wanted():
            return lines
        name = escaping.measurement(self.measurement).encode()
        begins = (name + b",", name + b" ") if name else b""
        chosen = (line for line in lines.split(b"\n") if line and line.startswith(begins))
        return b"".join(line + b"\n" for line in chosen if self._is_of_its_time(line))

    def _is_of_its_time(self, line: bytes) -> bool:
        time_ns = int(line.rpartition(b" ")[2])
        return not (
            (self.since_ns is not None and time_ns < self.since_ns)
            or (self.until_ns is not None and time_ns >= self.until_ns)
        )


Form = Callable[[bytes], bytes]
"""Gives lines another form."""


def export(
    log: Onlooker,
    wanted: Wanted,
    form: Form,
    flawed: Callable[[Flaw], object],
    advance: Callable[[int], object] = lambda _: None,
) -> Iterator[bytes]:
    """What each record has, oldest first; `flawed` is told of what cannot be read. OSError."""
    for here in log.walk():
        found = here.found
        if isinstance(found, frame.Damage):
            flawed(Flaw(here.path, found.offset, f"{found.length} bytes hold no readable record"))
            advance(found.length)
            continue
        if found.length and wanted.may_hold(found):
            yield _lines(here, found, wanted, form, flawed)
        advance(found.end - found.offset)


def _lines(
    here: Here,
    found: frame.Frame,
    wanted: Wanted,
    form: Form,
    flawed: Callable[[Flaw], object],
) -> bytes:
    payload = here.payload()
    if payload is None:
        if not here.is_dropped():
            flawed(Flaw(here.path, found.offset, f"record {found.sequence} fails its checksum"))
        return b""
    try:
        return b"".join(form(wanted.of(member)) for member in gzipped.members(payload))
    except (ValueError, LineProtocolError) as error:
        flawed(Flaw(here.path, found.offset, f"record {found.sequence}: {error}"))
        return b""


def line_protocol() -> Form:
    """The lines as they are."""
    return bytes


def ndjson() -> Form:
    """Each line a JSON object: measurement, tags, fields, time_ns."""
    parser = Parser()

    def objects(lines: bytes) -> bytes:
        shown = (
            {
                "measurement": record.series.measurement,
                "tags": dict(record.series.tags),
                "fields": record.fields,
                "time_ns": record.time_ns,
            }
            for record in parser.parse(lines)
        )
        return "".join(encode(one) + "\n" for one in shown).encode()

    encode = json.JSONEncoder(ensure_ascii=False).encode
    return objects


FORMS: dict[str, Callable[[], Form]] = {"lp": line_protocol, "ndjson": ndjson}
