"""A store's clock beside ours, by the Date of its answer."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from monitor.findings import Finding

_SKEW_SECONDS = 5.0


def clock(area: str, date: str, before: float, after: float) -> Finding:
    """`date` is the header, to the second, of an answer between two Unix times of ours."""
    try:
        its = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return Finding(area, "clock", "none", "it does not tell its time")
    skew = max(its - after, before - its - 1, 0.0)
    if skew < _SKEW_SECONDS:
        return Finding(area, "clock", "ok", "as this machine's, to the second")
    ahead = "ahead of" if its > after else "behind"
    why = f"{skew:.0f} s {ahead} this machine's: ranges up to now miss samples or end in a gap"
    return Finding(area, "clock", "partly", why, "set both by NTP")
