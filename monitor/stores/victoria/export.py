"""Raw samples by VictoriaMetrics' export: a series a line, or a part of one.

An instant query of a range gives the same samples, each value as a text beside its time: that costs
half as much again to parse (docs/stores.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from monitor.errors import BadRequest, StoreRejected, StoreUnavailable
from monitor.stores.promql.reader import BEYOND_MS, Series
from monitor.stores.promql.server import Server

_LINE_SAMPLES = 10_000


class Export:
    """Asks `/api/v1/export`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def series(self, selector: str, start_ms: int, end_ms: int) -> Iterator[Series]:
        """See `monitor.stores.promql.reader.Source`."""
        form = {
            "match[]": selector,
            "start": f"{start_ms / 1000:.3f}",
            "end": f"{(end_ms + BEYOND_MS) / 1000:.3f}",
            "max_rows_per_line": str(_LINE_SAMPLES),
            "deny_partial_response": "1",
        }
        try:
            answer = self._server.request("POST", "/api/v1/export", form)
        except StoreRejected as error:
            raise BadRequest(str(error), "match") from None
        for line in _lines(self._server.chunks(answer)):
            try:
                found = json.loads(line)
                series = Series(found["metric"], found["timestamps"], found["values"])
            except (ValueError, KeyError, TypeError):
                words = line[:200].decode("utf-8", "replace")
                raise StoreUnavailable(
                    f"{self._server.place} breaks off its export with {words!r}: see its log"
                ) from None
            yield series

    def close(self) -> None:
        self._server.close()


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    begun = b""
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        begun += first
        for other in others:
            if begun:
                yield begun
            begun = other
    if begun:
        yield begun
