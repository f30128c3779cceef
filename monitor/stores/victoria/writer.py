"""VictoriaMetrics' Writer: a body goes out as it came in."""

from __future__ import annotations

import re

from monitor.errors import StoreMissing, StoreRejected, StoreTooLarge
from monitor.stores.config import StoreConfig
from monitor.stores.promql.server import Server

_HEADERS = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
_ABOUT_LINES = re.compile(r"\blines?\b")


class VictoriaWriter:
    """Writes to `/write` below the store's address; threads may share it.

    What was written can be gone again: VictoriaMetrics keeps the last seconds in memory. And it
    answers 204 to lines that it drops.
    """

    def __init__(self, config: StoreConfig) -> None:
        self._server = Server("VictoriaMetrics", config.place, config)

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

    def close(self) -> None:
        self._server.close()
