"""A private VictoriaMetrics: started, stopped and killed at will, with the same data after."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.real.process import Process, unused_port
from tests.real.require import program


class VictoriaMetrics(Process):
    """victoria-metrics under a directory. `url` stays the same over stop() and start().

    stop() writes what it holds to the disk; kill() loses what came in during the last seconds.
    `options` are further flags of its command line.
    """

    def __init__(
        self, directory: Path, *options: str, dedup: str = "1ms", retention: str = "100y"
    ) -> None:
        address = f"127.0.0.1:{unused_port()}"
        self.directory = directory
        self.url = f"http://{address}"
        super().__init__(
            [
                program("victoria-metrics", "victoria-metrics"),
                f"-storageDataPath={directory / 'data'}",
                f"-httpListenAddr={address}",
                f"-dedup.minScrapeInterval={dedup}",
                f"-retentionPeriod={retention}",
                "-memory.allowedBytes=256MiB",
                *options,
            ],
            directory / "victoria-metrics.log",
        )

    def start(self) -> None:
        super().start()
        self.ready(self.answers, seconds=60)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def flush(self) -> None:
        """Make all samples that came in visible to queries."""
        with urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=60):
            pass

    def write(self, lines: str) -> None:
        """Write line protocol; times are nanoseconds."""
        request = urllib.request.Request(f"{self.url}/write?precision=ns", data=lines.encode())
        with urllib.request.urlopen(request, timeout=60):
            pass

    def query(self, promql: str, **parameters: object) -> list[dict[str, Any]]:
        """The result of an instant query, of what is visible."""
        asked = urllib.parse.urlencode({"query": promql, "nocache": 1} | parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{asked}", timeout=60) as reply:
            return list(json.load(reply)["data"]["result"])

    def delete(self, selector: str) -> None:
        """Remove the series that a selector matches."""
        asked = urllib.parse.urlencode({"match[]": selector})
        url = f"{self.url}/api/v1/admin/tsdb/delete_series?{asked}"
        with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=60):
            pass
