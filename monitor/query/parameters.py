"""The parameters of a request, as text, made into values; a bad one names itself and what is right.

Every function raises BadRequest.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from monitor.errors import BadRequest

MAX_TEXT = 4096
NS = 1_000_000_000

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ms|[smhdw])", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)
_LATEST_SECONDS = 4_102_444_800.0  # the year 2100


class MultiMapping(Protocol):
    """What werkzeug's `request.args` is."""

    def __iter__(self) -> Iterator[str]: ...

    def getlist(self, key: str, /) -> list[str]: ...


def single(args: MultiMapping, allowed: Iterable[str]) -> dict[str, str]:
    """Each parameter's one value; unknown, repeated and very long ones are refused."""
    allowed = list(allowed)
    values = {}
    for name in args:
        if name not in allowed:
            hint = near(name, allowed) or f"parameters here: {', '.join(allowed) or 'none'}"
            raise BadRequest(f"unknown parameter {name[:80]!r}", name[:80], hint)
        given = args.getlist(name)
        if len(given) > 1:
            raise BadRequest(f"{name} is given {len(given)} times", name, "give it once")
        if len(given[0]) > MAX_TEXT:
            raise BadRequest(
                f"{name} is {len(given[0])} characters long",
                name,
                f"at most {MAX_TEXT} characters",
            )
        values[name] = given[0]
    return values


def near(name: str, known: Iterable[str]) -> str:
    """A hint with the known names that resemble `name`; "" if none does."""
    found = difflib.get_close_matches(name[:256], list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(found)}?" if found else ""


def choice(values: Mapping[str, str], name: str, known: Iterable[str], default: str) -> str:
    """One of the `known` words."""
    known = list(known)
    value = values.get(name, default)
    if value not in known:
        hint = f"one of {', '.join(known)}"
        raise BadRequest(f"{name}: {value[:80]!r} is not known", name, hint)
    return value


def count(values: Mapping[str, str], name: str, most: int) -> int | None:
    """A whole number from 1 to `most`; None where it is not given."""
    text = values.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:20]) <= most):
        hint = f"a whole number from 1 to {most}"
        raise BadRequest(f"{name}: {text[:80]!r} is no such number", name, hint)
    return int(text)


def duration_ns(values: Mapping[str, str], name: str, least: float) -> int | None:
    """Seconds (`10`, `0.5`) or a duration (`30s`, `5m`) in ns; None where it is not given."""
    text = values.get(name)
    if text is None:
        return None
    seconds = float(text) if _NUMBER.fullmatch(text) else _seconds(text)
    if math.isnan(seconds):
        raise BadRequest(
            f"{name}: {text[:80]!r} is no duration", name, "seconds, or such as 30s, 5m or 1h"
        )
    if seconds < least:
        raise BadRequest(f"{name}: {text[:80]} is too short", name, f"at least {least:g} s")
    return round(seconds * NS)


def time_ns(text: str, name: str, now_ns: int) -> tuple[int, bool]:
    """A moment in Unix ns and whether it is relative to now (`now`, `-15m`, `now-2h`)."""
    relative = text.removeprefix("now")
    if not relative and text:
        return now_ns, True
    if relative.startswith("-"):
        seconds = _seconds(relative[1:])
        if now_ns / NS - seconds >= 0:
            return now_ns - round(seconds * NS), True
    elif _NUMBER.fullmatch(text) and float(text) <= _LATEST_SECONDS:
        return round(float(text) * NS), False
    raise BadRequest(
        f"{name}: {text[:80]!r} is no time",
        name,
        "Unix seconds up to the year 2100, or relative to now such as -15m, -2h or -7d",
    )


def _seconds(text: str) -> float:
    """The seconds of a duration with a unit; NaN if `text` is none."""
    found = _DURATION.fullmatch(text)
    return float(found[1]) * _UNITS[found[2]] if found else math.nan
