"""Figures in words: sizes, durations and moments."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from monitor.errors import ConfigError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_AGO = re.compile(r"-?(\d{1,9}(?:\.\d{1,9})?)([smhd])", re.ASCII)
_UNIX = re.compile(r"(\d{1,10})(?:\.(\d{1,9}))?", re.ASCII)


def size(value: float | None, unit: str = "B") -> str:
    """Bytes in binary units: 1536 is `1.5 KiB`; None is `-`."""
    if value is None:
        return "-"
    for prefix in ("", "Ki", "Mi", "Gi", "Ti"):
        if value < 1024 or prefix == "Ti":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if not prefix else f"{value:.1f} {prefix}{unit}"


def duration(seconds: float | None) -> str:
    """`3 d 4 h`, `2 h 5 min`, `40 s`; None is `-`."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    for unit, length, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if whole >= length:
            return f"{whole // length} {unit} {whole % length // part} {smaller}"
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"


def moment(time_ns: int | None) -> str:
    """A Unix time in UTC, to the second: `2026-11-25 09:12:01`; None is `-`."""
    if time_ns is None:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time_ns // 10**9))


def moment_ns(text: str, name: str, now_ns: int) -> int:
    """Unix ns of `15m` (ago), Unix seconds, or ISO 8601 (UTC without a zone). ConfigError."""
    if found := _AGO.fullmatch(text):
        return now_ns - round(float(found[1]) * _UNITS[found[2]] * 1e9)
    if found := _UNIX.fullmatch(text):
        return int(found[1]) * 10**9 + int((found[2] or "0").ljust(9, "0"))
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{name}: {text[:80]!r} is no time; such as 15m or 2h (ago), 2026-11-25T09:00, "
            "or Unix seconds"
        ) from None
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1e9)
