"""The state of the store and of every node, in words and in numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from monitor.aggregator.gate import Gate
from monitor.aggregator.node import Node
from monitor.aggregator.state import STATES, clock, count, goodness, in_words, lags, state_of
from monitor.errors import BadRequest

_AT_ONCE = 100
"""Nodes in one piece of an answer."""

_NAMES = {0.5: "median", 0.9: "p90", 0.99: "p99", 1.0: "max"}


def targets_response(
    request: Request, nodes: Sequence[Node], gate: Gate, sources: Sequence[dict[str, Any]]
) -> Response:
    """/api/v1/targets?state=failing&state=behind: a summary, then the nodes, worst first.

    Times are Unix seconds, null for never. It is sent piece by piece, so that it needs as little
    memory for 5,000 nodes as for one.
    """
    wanted = _states(request)
    now = time.time()
    summary = {
        "time": now,
        "store": _store(nodes, gate),
        "nodes": len(nodes),
        "states": count(nodes, now),
        "lag_seconds": {_NAMES[share]: lag for share, lag in lags(nodes, now).items()},
        "sources": sources,
    }
    shown = sorted(
        (node for node in nodes if state_of(node, now) in wanted),
        key=lambda node: goodness(node, now),
    )
    head = f'{_json(summary)[:-1]},"targets":['
    return _streamed(head, (_target(node, now) for node in shown), "]}\n")


def prometheus_response(nodes: Sequence[Node]) -> Response:
    """/api/v1/sd/prometheus: the collectors for the http_sd_configs of a Prometheus."""
    return _streamed("[", (_group(node.url, node.labels) for node in nodes), "]\n")


def readiness(nodes: Sequence[Node], gate: Gate, missing: str) -> str:
    """ "" if samples flow; else what is in the way. `missing` says why there is no node."""
    if gate.error:
        return f"the store takes nothing: {gate.error}"
    if not nodes:
        return f"no nodes found yet: {missing}"
    if not any(node.answered_at for node in nodes):
        return "no node has answered yet"
    return ""


def _states(request: Request) -> Collection[str]:
    asked = [state for given in request.args.getlist("state") for state in given.split(",")]
    for state in asked:
        if state not in STATES:
            raise BadRequest(
                f"state: {state[:40]!r} is none", "state", f"there are {', '.join(STATES)}"
            )
    return asked or STATES


def _store(nodes: Sequence[Node], gate: Gate) -> dict[str, Any]:
    if not (down := gate.error):
        return {"up": True, "words": "takes samples"}
    backlog = sum(node.backlog for node in nodes)
    words = f"down since {clock(gate.down_since)}, at least {backlog} records wait on their nodes"
    return {"up": False, "words": f"{words}: {down}"}


def _target(node: Node, now: float) -> str:
    state = {
        "target": node.url,
        "state": state_of(node, now),
        "words": in_words(node, now),
        "backlog_records": node.backlog,
        "lag_seconds": node.lag_seconds(now),
        "answered_at": node.answered_at or None,
        "newest_record_at": node.newest_at or None,
        "error": node.error or None,
        "error_since": node.error_since if node.failures else None,
        "sources": node.sources,
    }
    return f'{_json(state)[:-1]},"labels":{node.labels}}}'


def _group(url: str, labels: str) -> str:
    """One target group. What Prometheus would not assume by itself is told by its own labels."""
    parts = urlsplit(url)
    own = {}
    if parts.scheme != "http":
        own["__scheme__"] = parts.scheme
    if parts.path:
        own["__metrics_path__"] = f"{parts.path}/metrics"
    merged = _json(json.loads(labels) | own) if own else labels
    return f'{{"targets":[{_json(parts.netloc)}],"labels":{merged}}}'


def _json(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def _streamed(head: str, items: Iterator[str], tail: str) -> Response:
    return Response(_pieces(head, items, tail), content_type="application/json")


def _pieces(head: str, items: Iterator[str], tail: str) -> Iterator[str]:
    gathered = [head]
    for number, item in enumerate(items):
        gathered.append(f",{item}" if number else item)
        if len(gathered) > _AT_ONCE:
            yield "".join(gathered)
            gathered.clear()
    gathered.append(tail)
    yield "".join(gathered)
