"""Raw samples by an instant query of a range, which every store that speaks PromQL answers."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.errors import BadRequest, StoreMissing, StoreRejected
from monitor.stores.promql import document
from monitor.stores.promql.reader import BEYOND_MS, Series
from monitor.stores.promql.server import Server

_ALL_OF_IT = {"partial_response": "false", "deny_partial_response": "1", "nocache": "1"}
"""Thanos and a VictoriaMetrics cluster would otherwise answer with what some of their parts have,
and VictoriaMetrics with what was there half a minute ago. Others ignore these."""


class InstantQuery:
    """Asks `/api/v1/query`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def series(self, selector: str, start_ms: int, end_ms: int) -> Iterator[Series]:
        """See `Source`."""
        # Prometheus leaves out, from version 3 on, what lies at the very beginning of a range.
        query = f"{selector}[{end_ms - start_ms + BEYOND_MS + 1}ms]"
        form = {"query": query, "time": f"{(end_ms + BEYOND_MS) / 1000:.3f}"} | _ALL_OF_IT
        try:
            answer = self._server.request("POST", "/api/v1/query", form)
        except StoreRejected as error:
            raise BadRequest(str(error), "match") from None
        try:
            for found in document.series(self._server.chunks(answer)):
                seconds, values = zip(*found["values"], strict=True)
                yield Series(found["metric"], [1000 * second for second in seconds], values)
        except (ValueError, KeyError, TypeError) as error:
            raise StoreMissing(
                f"{self._server.place} does not answer in PromQL's form ({error}):"
                " is the address right?"
            ) from None

    def close(self) -> None:
        self._server.close()
