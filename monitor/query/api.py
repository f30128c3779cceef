"""The query API as a WSGI application, to be mounted at /api/v1."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from werkzeug.wrappers import Request, Response

from monitor.query import containers, engine, explain, model, nodes, parameters
from monitor.query.newest import ratio, whole
from monitor.query.nodes import Node
from monitor.query.parameters import NS
from monitor.query.windows import Floats
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
        self._clock_ns = clock_ns

    def query(self, request: Request) -> Response:
        query = model.parse(request.args, self._clock_ns())
        return json_response(answer_json(engine.run(query, self._reader)))

    def containers(self, request: Request) -> Response:
        parameters.single(request.args, ())
        now = self._clock_ns()
        known = nodes.nodes(self._reader, now)
        rows = containers.containers(self._reader, known, now)
        return json_response({"time": now / NS, "containers": rows})

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


def answer_json(answer: engine.Answer) -> dict[str, Any]:
    """The answer to a query as JSON data; what is not known is null."""
    buckets = answer.buckets
    edges = buckets.start_ns + buckets.step_ns * np.arange(buckets.count + 1)
    return {
        "metric": answer.query.metric.name,
        "unit": answer.unit,
        "fn": answer.query.fn,
        "start": int(edges[0]) / NS,
        "end": int(edges[-1]) / NS,
        "step": buckets.step_ns / NS,
        "times": (edges[:-1] / NS).tolist(),
        "series": [
            {"labels": labels, "values": row}
            for labels, row in zip(answer.labels, _rows(answer.values), strict=True)
        ],
    }


def _rows(values: Floats) -> list[list[float | None]]:
    known = np.isfinite(values)
    if known.all():
        return values.tolist()  # type: ignore[no-any-return]
    return np.where(known, values.astype(object), None).tolist()  # type: ignore[no-any-return]


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
        "containers": containers,
    }
