"""Pauses that double from one failure to the next, with jitter so that no two keep step."""

from __future__ import annotations

import random

_rng = random.SystemRandom()


def pause(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after `failures` in a row: between half and all of first * 2^(n-1)."""
    whole = min(longest, first * 2.0 ** min(failures - 1, 30))
    return whole * _rng.uniform(0.5, 1.0)


def as_told(seconds: float, longest: float) -> float:
    """Seconds to wait when the other side named a time: that, capped, and up to a tenth more."""
    return min(max(seconds, 0.0), longest) * _rng.uniform(1.0, 1.1)
