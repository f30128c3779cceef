"""The simulator as a process of its own, and what it tells."""

from __future__ import annotations

import json
import sys
import tempfile
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.cluster import addresses
from benchmarks.cluster.plan import Plan
from tests.real.process import Process, unused_port


class Simulator(Process):
    """Serves a plan's nodes from start() to stop(), or within a `with`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._place = tempfile.TemporaryDirectory(prefix="weir-cluster-")
        self.directory = Path(self._place.name)
        port = unused_port()
        self.url = f"http://{addresses.CONTROL}:{port}"
        self.urls = [f"http://{addresses.host(n)}:{port}" for n in range(plan.nodes)]
        self.toml = self.directory / "nodes.toml"
        self.targets = self.directory / "nodes.json"
        command = [sys.executable, "-m", "benchmarks.cluster", f"--port={port}"]
        command += [f"--nodes={plan.nodes}", f"--pods={plan.pods}", f"--shape={plan.shape}"]
        command += [f"--origin-ns={plan.origin_ns}", f"--interval={plan.interval_ns / 1e9}"]
        command += [f"--toml={self.toml}", f"--targets={self.targets}"]
        command += [] if plan.last is None else [f"--last={plan.last}"]
        super().__init__(command, self.directory / "simulator.log")

    def __enter__(self) -> Simulator:
        self.start()
        self.ready(self._answers)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._place.cleanup()

    def stats(self, consumer: str = "aggregator") -> dict[str, Any]:
        """What it did, and what waits for the consumer."""
        found: dict[str, Any] = self._ask("GET", f"/stats?consumer={consumer}")
        return found

    def behave(self, nodes: str, behaviour: str) -> None:
        """Let nodes such as "0-9,12" be well, gone, hang, drip or cut from now on."""
        self._ask("POST", f"/behaviour?nodes={nodes}&is={behaviour}")

    def _answers(self) -> bool:
        try:
            return bool(self._ask("GET", "/plan"))
        except OSError:
            return False

    def _ask(self, method: str, path: str) -> Any:
        request = urllib.request.Request(self.url + path, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
