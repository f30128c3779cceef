"""Weir itself as the tests run it: the installed command in its own processes, on free ports."""

from __future__ import annotations

import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.real.process import Process, unused_port, wait_until

STARTED_SECONDS = 30.0


class Weir(Process):
    """`weir PART OPTIONS` with its output in DIRECTORY/PART.log.

    `prefix` stands before the command, `host` is the address that it listens on.
    """

    def __init__(
        self,
        part: str,
        directory: Path,
        *options: str,
        prefix: tuple[str, ...] = (),
        host: str = "127.0.0.1",
    ) -> None:
        self.part = part
        self.directory = directory
        self.port = unused_port()
        self.url = f"http://{host}:{self.port}"
        super().__init__(
            [
                *prefix,
                *(sys.executable, "-m", "weir", part, f"--listen={host}:{self.port}"),
                *options,
            ],
            directory / f"{part}.log",
        )

    def start_and_wait(self) -> None:
        """Start, and wait until the process answers on its port."""
        self.start()
        self.ready(self.answers, STARTED_SECONDS)

    def answers(self) -> bool:
        return self.status("/healthz") != 0

    def status(self, path: str) -> int:
        """The status of GET `path`; 0 where nobody listens."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def get(self, path: str, **parameters: object) -> bytes:
        """The body of GET `path?parameters`, whatever the status."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}{path}?{query}", timeout=60) as reply:
                return bytes(reply.read())
        except urllib.error.HTTPError as error:
            return error.read()

    def api(self, path: str, **parameters: object) -> Any:
        """The JSON of GET /api/v1/PATH."""
        return json.loads(self.get(f"/api/v1/{path}", **parameters))

    def lines(self, pattern: str) -> list[str]:
        """The lines of its output that the pattern is found in."""
        printed = self.output.read_text(errors="replace").splitlines()
        return [line for line in printed if re.search(pattern, line)]

    def wait_for_line(self, pattern: str, seconds: float = 20.0) -> str:
        """The first line with the pattern, awaited; the failure shows the whole output."""
        try:
            wait_until(lambda: self.lines(pattern), f"a line like {pattern!r}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None
        return self.lines(pattern)[0]

    def has_no_traceback(self) -> bool:
        return not self.lines("Traceback|^  File ")


class QueryApi(Weir):
    """A part that serves the query API: `weir dashboard`, or `weir up`."""

    def container(self, name: str) -> dict[str, Any] | None:
        """The row of the container in /api/v1/containers; None while it is not there."""
        rows = self.api("containers").get("containers", [])
        return next((row for row in rows if row["container"] == name), None)

    def wait_for_rate(self, name: str, seconds: float = 60.0) -> dict[str, Any]:
        """The container's row, once it has a CPU usage rate."""
        self.ready(lambda: (self.container(name) or {}).get("cpu_cores") is not None, seconds)
        row = self.container(name)
        assert row is not None
        return row

    def over(self, metric: str, fn: str, start: float, end: float, **more: object) -> float | None:
        """One function over the one bucket [start, end) (Unix seconds); None where not known.

        `match` selects the series, which are summed.
        """
        step = f"{end - start + 0.001:.3f}"  # rounded up, or a second bucket would begin
        answer = self.api(
            "query", metric=metric, fn=fn, start=start, end=end, step=step, by="node", **more
        )
        assert "series" in answer, answer
        assert len(answer["series"]) <= 1, answer
        for series in answer["series"]:
            assert len(series["values"]) == 1, answer
            value: float | None = series["values"][0]
            return value
        return None

    def wait_for_samples_until(self, moment: float, seconds: float = 30.0) -> None:
        """Wait until every container's newest stored sample is later than the moment."""

        def stored() -> bool:
            answer = self.api("containers")
            ages = [row["last_seen_seconds"] for row in answer.get("containers", [])]
            return bool(ages) and answer["time"] - max(ages) > moment

        self.ready(stored, seconds)


class Up(QueryApi):
    """`weir up` over a Docker engine: collector, aggregator, dashboard and the embedded store."""

    def __init__(self, directory: Path, docker: str, interval: float, *options: str) -> None:
        self.collector_url = f"http://127.0.0.1:{unused_port()}"
        super().__init__(
            "up",
            directory,
            f"--data={directory / 'data'}",
            f"--collector-listen={self.collector_url.removeprefix('http://')}",
            f"--docker={docker}",
            f"--interval={interval:g}",
            *options,
        )
        self.interval = interval

    def part_pids(self) -> dict[str, int]:
        """The process ids of collector, aggregator and dashboard."""
        found = {}
        for children in Path(f"/proc/{self.pid}/task").glob("*/children"):
            for child in children.read_text().split():
                arguments = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                found[arguments[3].decode()] = int(child)
        return found
