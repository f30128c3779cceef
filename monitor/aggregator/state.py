"""What state a node is in, as a word for counting and in words for a person."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from monitor.aggregator.node import Node

STATES = ("failing", "behind", "stale", "waiting", "up")
"""Worst first. `stale` answers but has nothing new, `waiting` was not pulled yet."""

STALE_SECONDS = 600.0
"""Two of the longest intervals that a collector may have."""

_SHARES = (0.5, 0.9, 0.99, 1.0)


def state_of(node: Node, now: float) -> str:
    """One of STATES."""
    if node.failures:
        return "failing"
    if not node.answered_at:
        return "waiting"
    if node.is_behind():
        return "behind"
    lag = node.lag_seconds(now)
    return "stale" if lag is not None and lag > STALE_SECONDS else "up"


def in_words(node: Node, now: float) -> str:
    """The state for a person."""
    state = state_of(node, now)
    if state == "failing":
        return f"{node.error} (since {clock(node.error_since)}, {now - node.error_since:.0f} s)"
    if state == "waiting":
        return "not pulled yet"
    if state == "behind":
        return f"{node.backlog} records wait on the node"
    if not node.newest_at:
        return "answers, and has no record yet"
    words = f"the store has its record of {now - node.newest_at:.0f} s ago"
    if state == "stale":
        return f"{words}, and it has no newer one: does it sweep, is its clock right?"
    return words


def goodness(node: Node, now: float) -> float:
    """By this, nodes are sorted worst first: by state, then by how long it is so.

    One number, Unix seconds plus 1e11 for each better state: 5,000 pairs would be a megabyte.
    """
    since = node.error_since if node.failures else node.newest_at or now
    return STATES.index(state_of(node, now)) * 1e11 + since


def count(nodes: Sequence[Node], now: float) -> dict[str, int]:
    """How many nodes are in each of STATES."""
    counts = dict.fromkeys(STATES, 0)
    for node in nodes:
        counts[state_of(node, now)] += 1
    return counts


def lags(nodes: Sequence[Node], now: float) -> dict[float, float]:
    """Share of the nodes to the seconds of lag that they do not exceed; empty without a record."""
    known = sorted(lag for node in nodes if (lag := node.lag_seconds(now)) is not None)
    if not known:
        return {}
    return {share: known[math.ceil(share * len(known)) - 1] for share in _SHARES}


def clock(time_seconds: float) -> str:
    """A Unix time as people read it."""
    return time.strftime("%H:%M:%S UTC", time.gmtime(time_seconds))
