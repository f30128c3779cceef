"""What a caller asks for, with cAdvisor's defaults, checked.

cAdvisor has one answer to everything that it cannot do: status 500 and a line of text. So has this.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from posixpath import normpath
from typing import Any, TypeVar

from werkzeug.wrappers import Request

from collector.cadvisor.gotime import parse_duration, parse_rfc3339
from monitor.errors import WeirError

T = TypeVar("T")
ID_TYPES = ("name", "docker", "podman")
DEFAULT_NUM_STATS = 60
DEFAULT_COUNT = 64
DEFAULT_MAX_EVENTS = 10
MOST_EVENTS = 10_000
MOST_BODY_BYTES = 64 * 1024
_TRUE = ("1", "t", "T", "true", "TRUE", "True")


class CannotAnswer(WeirError):
    """A request that has no answer; the text, of one line, is cAdvisor's or like it."""

    status = 500


class Busy(CannotAnswer):
    """Too many ask at once."""

    status = 503


@dataclass(frozen=True, slots=True)
class Window:
    """Which samples: the newest `count` (-1: as many as there may be) of those between two times.

    Times are Unix nanoseconds, both included; None is no bound.
    """

    count: int
    start_ns: int | None = None
    end_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What every request of version 2 may say. `max_age` is in seconds."""

    id_type: str
    count: int
    recursive: bool
    max_age: float | None


@dataclass(frozen=True, slots=True)
class EventsWanted:
    """Which events: their types, of which container, and with all below it or without."""

    types: frozenset[str]
    container: str
    subcontainers: bool
    max_events: int
    start_ns: int | None
    end_ns: int | None
    stream: bool


def container_name(path: str) -> str:
    """The absolute name in a path: `/` for none, without doubled slashes and dots."""
    return normpath(f"/{path.lstrip('/')}")


def window(request: Request) -> Window:
    """Version 1's body `{num_stats, start, end}`; all of it may be missing."""
    body = request.stream.read(MOST_BODY_BYTES + 1)
    if len(body) > MOST_BODY_BYTES:
        raise CannotAnswer(f"the body is longer than {MOST_BODY_BYTES} bytes")
    try:
        asked = json.loads(body.strip() or b"null")
        if asked is None:  # what cAdvisor's own client sends for no wishes
            return Window(DEFAULT_NUM_STATS)
        if not isinstance(asked, dict):
            raise ValueError("it is no object")
        return Window(_num_stats(asked), _bound(asked, "start"), _bound(asked, "end"))
    except (ValueError, RecursionError) as error:
        raise CannotAnswer(f"unable to decode the json value: {error}") from None


def options(request: Request) -> Options:
    """Version 2's parameters `type`, `count`, `recursive` and `max_age`."""
    args = request.args
    id_type = args.get("type") or "name"
    if id_type not in ID_TYPES:
        raise CannotAnswer(f"unknown 'type' {id_type[:40]!r}")
    count = args.get("count") or str(DEFAULT_COUNT)
    number = _or_none(_integer, count)
    if number is None:
        raise CannotAnswer(f"failed to parse 'count' option: {count[:40]!r}")
    if number < -1:
        raise CannotAnswer(
            f"invalid 'count' option: only -1 and larger values allowed, not {number}"
        )
    max_age = args.get("max_age") or None
    try:
        seconds = None if max_age is None else parse_duration(max_age)
    except ValueError as error:
        raise CannotAnswer(f"failed to parse 'max_age' option: {error}") from None
    return Options(id_type, number, args.get("recursive") == "true", seconds)


def events_wanted(request: Request, path: str) -> EventsWanted:
    """The parameters of `events`. As in cAdvisor, one that cannot be read counts as not given."""
    args = request.args
    flags = {"oom_events": "oom", "oom_kill_events": "oomKill"}
    flags |= {"creation_events": "containerCreation", "deletion_events": "containerDeletion"}
    asked = {kind for flag, kind in flags.items() if _is_true(args, flag)}
    most = _or_none(_integer, args.get("max_events", ""))
    most = DEFAULT_MAX_EVENTS if most is None else most
    return EventsWanted(
        types=frozenset(flags.values() if _is_true(args, "all_events") else asked),
        container=container_name(path),
        subcontainers=_is_true(args, "subcontainers"),
        max_events=min(most, MOST_EVENTS) if most > 0 else MOST_EVENTS,
        start_ns=_or_none(parse_rfc3339, args.get("start_time", "")),
        end_ns=_or_none(parse_rfc3339, args.get("end_time", "")),
        stream=_is_true(args, "stream"),
    )


def _num_stats(asked: Mapping[str, Any]) -> int:
    count = asked.get("num_stats")
    if count is None:
        return DEFAULT_NUM_STATS
    if not isinstance(count, int) or isinstance(count, bool) or count < -1:
        raise ValueError(f"num_stats is no count and not -1: {str(count)[:40]!r}")
    return count


def _bound(asked: Mapping[str, Any], name: str) -> int | None:
    text = asked.get(name)
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError(f"{name} is no text")
    return parse_rfc3339(text)


def _is_true(args: Mapping[str, str], name: str) -> bool:
    return args.get(name) in _TRUE


def _integer(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise ValueError(f"{text[:40]!r} is no number")
    return int(text)


def _or_none(read: Callable[[str], T], text: str) -> T | None:
    try:
        return read(text)
    except ValueError:
        return None
