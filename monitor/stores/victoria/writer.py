"""VictoriaMetrics' Writer: a body goes out as it came in."""

from __future__ import annotations

import re
from collections import Counter

from monitor.errors import StoreMissing, StoreRejected, StoreTooLarge
from monitor.stores.config import StoreConfig
from monitor.stores.promql.server import Server
from monitor.stores.protocols import Condition
from monitor.stores.victoria.status import Status, parse

_HEADERS = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
_ABOUT_LINES = re.compile(r"\blines?\b")


class VictoriaWriter:
    """Writes to `/write` below the store's address; threads may share it.

    It answers 204 to lines that it drops, and to samples that it has in memory only: it writes them
    to its disk some seconds later. So it is `Forgetful`.
    """

    settle_seconds = 60.0
    look_seconds = 15.0

    def __init__(self, config: StoreConfig) -> None:
        self._server = Server("VictoriaMetrics", config.place, config)
        self._watched = [Server("VictoriaMetrics", url, config) for url in watched(config)]

    def write(self, body: bytes) -> None:
        """See `monitor.stores.protocols.Writer`."""
        if not body:
            return
        try:
            answer = self._server.request(
                "POST", "/write?precision=ns", body=body, headers=_HEADERS
            )
        except StoreTooLarge:
            raise
        except StoreRejected as error:
            # Whatever else is a 400: the lines are not at fault, and must not be put aside.
            if _ABOUT_LINES.search(str(error)):
                raise
            raise StoreMissing(f"{error}: is the address right?") from None
        answer.drain_conn()
        answer.release_conn()
        if answer.status != 204:  # the page of a proxy, say: nothing was kept
            raise StoreMissing(
                f"{self._server.place} answers a write by {answer.status}, not by 204: is the"
                " address right?"
            )

    def look(self) -> Condition:
        """See `Forgetful`: what all its processes say together."""
        found = [read(server) for server in self._watched]
        dropped: Counter[str] = Counter()
        for status in found:
            dropped.update(status.dropped)
        return Condition(" ".join(status.started for status in found), dropped)

    def close(self) -> None:
        for server in (self._server, *self._watched):
            server.close()


def watched(config: StoreConfig) -> list[str]:
    """The addresses whose /metrics are read: as configured, else the store's own."""
    return config.watch_urls or [config.place.partition("/insert/")[0]]


def read(server: Server) -> Status:
    """What one of its processes tells. Raises StoreError."""
    page = b"".join(server.chunks(server.request("GET", "/metrics")))
    try:
        status = parse(page.decode())
    except ValueError:
        status = None
    if status is None or not status.started:
        raise StoreMissing(
            f"{server.place}/metrics does not tell since when it runs: is it VictoriaMetrics, or"
            " what stands before it? Name its processes by store_watch"
        )
    return status
