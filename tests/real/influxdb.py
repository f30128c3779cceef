"""A private InfluxDB 1.x: started, stopped and killed at will, with the same data again after."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.real.process import Process, unused_port
from tests.real.require import program

CONFIG = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{directory}/meta"
[data]
dir = "{directory}/data"
wal-dir = "{directory}/wal"
index-version = "tsi1"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
auth-enabled = {auth}
log-enabled = false
[subscriber]
enabled = false
"""


class InfluxDB(Process):
    """influxd under a directory. `url` stays the same over stop() and start()."""

    def __init__(self, directory: Path, auth: bool = False) -> None:
        influxd = program("influxd", "influxdb")
        port = unused_port()
        self.directory = directory
        self.url = f"http://127.0.0.1:{port}"
        config = directory / "influxdb.conf"
        config.write_text(
            CONFIG.format(directory=directory, port=port, rpc=unused_port(), auth=str(auth).lower())
        )
        super().__init__([influxd, "-config", str(config)], directory / "influxd.log")

    def start(self) -> None:
        super().start()
        self.ready(self.answers, seconds=60)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=2) as reply:
                return bool(reply.status == 204)
        except OSError:
            return False

    def query(self, statement: str, database: str = "", **parameters: str) -> list[dict[str, Any]]:
        """Run InfluxQL; the `series` of its one result. Times are nanoseconds."""
        form = {"q": statement, "db": database, "epoch": "ns", **parameters}
        request = urllib.request.Request(
            f"{self.url}/query", data=urllib.parse.urlencode(form).encode()
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            result = json.load(reply)["results"][0]
        assert "error" not in result, result["error"]
        return list(result.get("series", []))

    def create_database(self, name: str) -> None:
        self.query(f'CREATE DATABASE "{name}"')

    def drop_database(self, name: str) -> None:
        self.query(f'DROP DATABASE "{name}"')
