"""What happened to containers, as cAdvisor's events: from the log, or as it is written there."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from collector.cadvisor.containers import ROOT
from collector.cadvisor.gotime import rfc3339
from collector.cadvisor.requests import EventsWanted
from monitor.edgelog import Cursor, EdgeLog, Span
from monitor.gzipped import members
from monitor.lineprotocol import Parser
from monitor.record import Record, Series

Event = dict[str, Any]

STREAM_SECONDS = 100.0
"""A stream ends by itself, between two events, before the server would cut it."""
_POLL_SECONDS = 0.5
_BEAT_SECONDS = 5.0
_BATCH_BYTES = 1024 * 1024
_MOST_DECODED_BYTES = 256 * 1024 * 1024
_TYPES = {
    "Started": ("containerCreation",),
    "Stopped": ("containerDeletion",),
    "OOMKilled": ("oom", "oomKill"),
}
_EXIT = re.compile(r"exited with code (\d{1,3})")
_UNKNOWN_EXIT = -1


class Happening(NamedTuple):
    """A row of `event` that is of one of these types; `path` is "" while it is not known."""

    time_ns: int
    type: str
    id: str
    path: str


class Events:
    """Reads `log`. `path_of` gives the cgroup path of a running container by its id, or "".

    Once `stopping` is true, streams end.
    """

    def __init__(
        self, log: EdgeLog, path_of: Callable[[str], str], stopping: Callable[[], bool]
    ) -> None:
        self._log = log
        self._path_of = path_of
        self._stopping = stopping

    def past(self, wanted: EventsWanted) -> list[Event]:
        """The newest events that are wanted, oldest first. Raises LogError."""
        rows = _Rows(self._path_of)
        left = _MOST_DECODED_BYTES
        found: list[Happening] = []
        is_enough = False
        for record in self._log.newest_first(Span(wanted.start_ns or 0, wanted.end_ns)):
            new = []
            for lines in members(record.payload):
                left -= len(lines)
                new += rows.take(lines)
            found += new
            if left <= 0 or is_enough:  # one record more may tell the exit code
                break
            is_enough = bool(new) and len(rows.events(found, wanted)) >= wanted.max_events
        return rows.events(found, wanted)[-wanted.max_events :]

    def stream(self, wanted: EventsWanted) -> Iterator[bytes]:
        """Lines of JSON, each event from now on; sometimes an empty one, which shows who has gone.

        Ends by itself. Raises LogError.
        """
        rows = _Rows(self._path_of)
        cursor = Cursor(self._log.epoch, self._log.stats().last_sequence)
        until, beat = time.monotonic() + STREAM_SECONDS, 0.0
        while time.monotonic() < until and not self._stopping():
            batch = self._log.read(cursor, _BATCH_BYTES)
            cursor = batch.cursor
            found = [one for lines in members(batch.body) for one in rows.take(lines)]
            for event in rows.events(found, wanted):
                yield json.dumps(event).encode() + b"\n"
            if time.monotonic() >= beat:
                beat = time.monotonic() + _BEAT_SECONDS
                yield b"\n"
            time.sleep(_POLL_SECONDS)


class _Rows:
    """Reads rows of events, and what else tells of the containers that they are about."""

    def __init__(self, path_of: Callable[[str], str]) -> None:
        self._path_of = path_of
        self._paths: dict[str, str] = {}
        self._exits: dict[str, list[tuple[int, int]]] = {}
        self._parser = Parser(wanted=_is_wanted)

    def take(self, lines: bytes) -> list[Happening]:
        """What happened, of a record's lines."""
        found: list[Happening] = []
        for record in self._parser.parse_each(lines):
            if not isinstance(record, Record):
                continue
            id, path = (str(record.fields.get(name, "")) for name in ("id", "cgroup"))
            if path:
                self._paths.setdefault(id, path)
            if record.series.measurement == "event":
                found += self._happenings(record, id, path)
        return found

    def events(self, found: Iterable[Happening], wanted: EventsWanted) -> list[Event]:
        """Those that are wanted, oldest first. One whose container is not known is left out."""
        events = []
        for one in found:
            path = one.path or self._paths.get(one.id) or self._path_of(one.id)
            if path and _is_asked_for(one, path, wanted):
                events.append((one.time_ns, self._event(one, path)))
        return [event for _, event in sorted(events, key=lambda pair: pair[0])]

    def _happenings(self, record: Record, id: str, path: str) -> Iterator[Happening]:
        reason = dict(record.series.tags).get("reason", "")
        code = _EXIT.search(str(record.fields.get("message", "")))
        if code:
            self._exits.setdefault(id, []).append((record.time_ns, int(code[1])))
        for kind in _TYPES.get(reason, ()):
            yield Happening(record.time_ns, kind, id, path)

    def _event(self, one: Happening, path: str) -> Event:
        data: dict[str, Any] = {}
        if one.type == "containerDeletion":
            codes = sorted(pair for pair in self._exits.get(one.id, ()) if pair[0] <= one.time_ns)
            data["container_deletion"] = {"exit_code": codes[-1][1] if codes else _UNKNOWN_EXIT}
        elif one.type == "oomKill":
            data["oom"] = {"pid": 0, "process_name": "", "constraint": ""}
        return {
            "container_name": path,
            "timestamp": rfc3339(one.time_ns),
            "event_type": one.type,
            "event_data": data,
        }


def _is_wanted(series: Series) -> bool:
    return series.measurement in ("event", "container_info")


def _is_asked_for(one: Happening, path: str, wanted: EventsWanted) -> bool:
    if wanted.subcontainers:
        is_there = wanted.container == ROOT or f"{path}/".startswith(f"{wanted.container}/")
    else:
        is_there = path == wanted.container
    return (
        is_there
        and one.type in wanted.types
        and (wanted.start_ns is None or one.time_ns >= wanted.start_ns)
        and (wanted.end_ns is None or one.time_ns <= wanted.end_ns)
    )
