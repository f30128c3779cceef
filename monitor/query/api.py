"""The query API as a WSGI application, to be mounted at /api/v1."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from monitor.query import containers, engine, explain, model, nodes, parameters
from monitor.query.answer import answer_json
from monitor.query.effort import Effort, Turns
from monitor.query.newest import ratio, whole
from monitor.query.nodes import Node, NodeKey
from monitor.query.parameters import NS
from monitor.stores.protocols import Reader
from monitor.web.app import App, json_response


def query_api(reader: Reader, clock_ns: Callable[[], int] = time.time_ns) -> App:
    """The routes /query, /containers, /nodes and /explain over `reader`, whose owner closes it.

    Nothing is cached. `clock_ns` gives Unix nanoseconds.
    """
    api = _Api(reader, clock_ns)
    app = App()
    app.add("/query", api.query)
    app.add("/containers", api.containers)
    app.add("/nodes", api.nodes)
    app.add("/explain", api.explain)
    return app


class _Api:
    def __init__(self, reader: Reader, clock_ns: Callable[[], int]) -> None:
        self._reader = reader
        self._turns = Turns()
        self._clock_ns = clock_ns

    def query(self, request: Request) -> Response:
        query = model.parse(request.args, self._clock_ns())
        answer = engine.run(query, self._reader, Effort(self._turns))
        return Response(answer_json(answer), content_type="application/json")

    def containers(self, request: Request) -> Response:
        parameters.single(request.args, ())
        now = self._clock_ns()
        known = nodes.nodes(self._reader, now)
        rows = containers.containers(self._reader, known, now)
        counts = Counter(NodeKey(row["cluster"], row["node"]) for row in rows)
        found = [_node_json(known[key], counts[key], now) for key in sorted(known)]
        return json_response({"time": now / NS, "nodes": found, "containers": rows})

    def nodes(self, request: Request) -> Response:
        parameters.single(request.args, ())
        now = self._clock_ns()
        known = nodes.nodes(self._reader, now)
        counts = containers.count(self._reader, known, now)
        rows = [_node_json(known[key], counts[key], now) for key in sorted(known)]
        return json_response({"time": now / NS, "nodes": rows})

    def explain(self, request: Request) -> Response:
        now = self._clock_ns()
        return json_response(explain.explain(explain.parse(request.args, now), self._reader, now))


def _node_json(node: Node, containers: int, now_ns: int) -> dict[str, Any]:
    return {
        "node": node.key.node,
        "cluster": node.key.cluster,
        "cpu_count": whole(node.cpu_count),
        "cpu_cores": node.cpu_cores,
        "cpu_of_node": ratio(node.cpu_cores, node.cpu_count),
        "memory_bytes": whole(node.memory_bytes),
        "memory_working_set_bytes": whole(node.memory_working_set_bytes),
        "memory_of_node": ratio(node.memory_working_set_bytes, node.memory_bytes),
        "last_seen_seconds": max(now_ns - node.newest_ns, 0) / NS,
        "spacing_seconds": node.spacing_ns / NS,
        "containers": containers,
    }
