"""Times and durations as Go's JSON and flags write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

ZERO = "0001-01-01T00:00:00Z"
"""Go's time that is none: what is not known has it, and who asks with it asks for no bound."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DURATION = re.compile(r"[+-]?(?:0|(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+", re.ASCII)
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


def rfc3339(time_ns: int | None) -> str:
    """Unix nanoseconds as Go's RFC3339Nano: no trailing zeros; `ZERO` for None."""
    if time_ns is None:
        return ZERO
    seconds, rest = divmod(time_ns, 10**9)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def parse_rfc3339(text: str) -> int | None:
    """Unix nanoseconds; None for Go's zero time. Raises ValueError."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is no RFC 3339 time, for example 2026-01-31T09:00:00Z")
    when, fraction, zone = match[1].upper(), match[2] or "0", match[3].upper()
    if when.startswith("0001-01-01"):
        return None
    since = datetime.fromisoformat(when + ("+00:00" if zone == "Z" else zone)) - _EPOCH
    return (since.days * 86400 + since.seconds) * 10**9 + int(fraction.ljust(9, "0"))


def parse_duration(text: str) -> float:
    """Seconds of a duration such as 1m30s or 250ms. Raises ValueError."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no duration, for example 10s or 1m30s")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return -seconds if text.startswith("-") else seconds
