"""The simulator's own answers: its targets, what it did, and how its nodes are to behave."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator

from benchmarks.cluster.behaviour import Behaviour
from benchmarks.cluster.logs import Logs
from benchmarks.cluster.requests import Request, reply


class Control:
    """GET /targets (Prometheus http_sd), /stats, /plan; POST /behaviour?nodes=0-9,12&is=hangs."""

    def __init__(self, logs: Logs, behaviour: dict[int, Behaviour], urls: list[str]) -> None:
        self._logs = logs
        self._behaviour = behaviour
        self._urls = urls

    def answer(self, request: Request) -> bytes:
        """The whole answer."""
        try:
            document = self._document(request)
        except (KeyError, ValueError) as error:
            return reply("400 BAD REQUEST", json.dumps({"error": str(error)}).encode())
        return reply("200 OK", json.dumps(document).encode())

    def _document(self, request: Request) -> object:
        match request.method, request.path:
            case "GET", "/targets":
                return [{"targets": [url.removeprefix("http://") for url in self._urls]}]
            case "GET", "/stats":
                return self._stats(request.query.get("consumer", "aggregator"))
            case "GET", "/plan":
                return dataclasses.asdict(self._logs.plan)
            case "POST", "/behaviour":
                behaviour = Behaviour(request.query["is"])
                nodes = list(_numbers(request.query["nodes"]))
                self._behaviour.update(dict.fromkeys(nodes, behaviour))
                return {"nodes": len(nodes), "is": behaviour}
        raise ValueError(f"{request.method} {request.path}: there is no such thing")

    def _stats(self, consumer: str) -> dict[str, object]:
        logs = self._logs
        return {
            "time": time.time(),
            "nodes": logs.plan.nodes,
            "lines_each": logs.sweeps.lines_each,
            "records_acknowledged": logs.acknowledged(consumer),
            "records_waiting": logs.backlog(consumer),
            "pulls": logs.pulls,
            "records_made": logs.made,
            "bytes_made": logs.made_bytes,
            "cpu_seconds": time.process_time(),
        }


def _numbers(text: str) -> Iterator[int]:
    """The numbers of `0-9,12`."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
