"""A real Prometheus that scrapes what a test tells it to."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.real.process import Process, unused_port
from tests.real.require import program

Points = list[tuple[float, float]]
"""Unix seconds and value."""


class Prometheus(Process):
    """A server with its data under a directory; `config` is its prometheus.yml."""

    def __init__(self, directory: Path, config: str) -> None:
        file = directory / "prometheus.yml"
        file.write_text(config)
        self.url = f"http://127.0.0.1:{unused_port()}"
        super().__init__(
            [
                program("prometheus", "prometheus"),
                f"--config.file={file}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
            ],
            directory / "prometheus.log",
        )

    def query(self, promql: str) -> list[dict[str, Any]]:
        """The instant vector (or range vector) of an expression; empty while Prometheus starts."""
        return self._ask("query", query=promql)

    def wait_for(self, promql: str, seconds: float = 90) -> list[dict[str, Any]]:
        """The vector, once it is not empty."""
        self.ready(lambda: self.query(promql), seconds)
        return self.query(promql)

    def range(self, promql: str, start: float, end: float, step: float) -> Points:
        """The values of the one series that an expression gives, at steps between two times."""
        (series,) = self._ask("query_range", query=promql, start=start, end=end, step=step)
        return [(float(time), float(value)) for time, value in series["values"]]

    def _ask(self, what: str, **parameters: object) -> list[dict[str, Any]]:
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                return list(json.load(reply)["data"]["result"])
        except OSError:
            return []
