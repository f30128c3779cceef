"""Reads a log as it grows, record by record: what was logged, whatever is dropped from it later."""

from __future__ import annotations

import gzip
import threading
import urllib.request
from types import TracebackType

from monitor.lineprotocol import Parser
from tests.faults.ledger import Ledger

PAUSE_SECONDS = 0.02


class Follower:
    """`records` holds each record that was logged while the context lasted, by sequence number."""

    def __init__(self, url: str) -> None:
        self.records: dict[int, Ledger] = {}
        self._url = url
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        parser, cursor = Parser(), ""
        while True:
            url = f"{self._url}/api/v1/stream?max_bytes=1&after={cursor}"
            with urllib.request.urlopen(url, timeout=30) as reply:
                body, cursor = reply.read(), reply.headers["Weir-Cursor"]
            if not body and self._ended.wait(PAUSE_SECONDS):
                return
            if body:
                self.records[int(cursor.partition(":")[2])] = {
                    (series.key, time_ns, field): value
                    for series, fields, time_ns in parser.parse(gzip.decompress(body))
                    for field, value in fields.items()
                }
