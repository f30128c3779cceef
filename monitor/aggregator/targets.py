"""The state of the store and of every node, in words and in numbers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from monitor.aggregator.gate import Gate
from monitor.aggregator.node import Node


def targets(nodes: Sequence[Node], gate: Gate) -> dict[str, Any]:
    """What /api/v1/targets answers. Times are Unix seconds, null for never."""
    now = time.time()
    down = gate.error
    words = "takes samples"
    if down:
        backlog = sum(node.backlog for node in nodes)
        since = time.strftime("%H:%M:%S UTC", time.gmtime(gate.down_since))
        words = f"down since {since}, at least {backlog} records wait on their nodes: {down}"
    return {
        "time": now,
        "store": {"up": not down, "words": words},
        "targets": [_target(node, now) for node in nodes],
    }


def readiness(nodes: Sequence[Node], gate: Gate) -> str:
    """ "" if samples flow; else what is in the way."""
    if gate.error:
        return f"the store takes nothing: {gate.error}"
    if not any(node.answered_at for node in nodes):
        return "no node has answered yet"
    return ""


def _target(node: Node, now: float) -> dict[str, Any]:
    state, words = _state(node, now)
    return {
        "target": node.url,
        "state": state,
        "words": words,
        "backlog_records": node.backlog,
        "answered_at": node.answered_at or None,
        "newest_record_at": node.newest_at or None,
    }


def _state(node: Node, now: float) -> tuple[str, str]:
    if node.failures:
        return "failing", f"{node.error} (for {now - node.error_since:.0f} s)"
    if not node.answered_at:
        return "waiting", "not pulled yet"
    if node.backlog:
        return "behind", f"{node.backlog} records wait on the node"
    if not node.newest_at:
        return "up", "answers, and has no record yet"
    return "up", f"the store has its record of {now - node.newest_at:.0f} s ago"
