"""InfluxDB's Reader: one SELECT over `/query`, its answer passed on as it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import urllib3

from monitor.errors import BadRequest, StoreRejected, StoreUnavailable
from monitor.stores import matching
from monitor.stores.config import StoreConfig
from monitor.stores.influx import influxql
from monitor.stores.influx.connection import Connection
from monitor.stores.influx.results import samples
from monitor.stores.limits import Budget
from monitor.stores.protocols import Matcher, Samples

_CHUNK_SAMPLES = 10_000


class InfluxReader:
    """Reads by InfluxQL, which InfluxDB 1.x, 2.x and 3 have in common; threads may share it."""

    def __init__(self, config: StoreConfig) -> None:
        self._connection = Connection(config)
        self._parameters = {
            "db": config.influx_database,
            "epoch": "ns",
            "chunked": "true",
            "chunk_size": str(_CHUNK_SAMPLES),
        }
        if config.influx_retention_policy:
            self._parameters["rp"] = config.influx_retention_policy

    def select(
        self,
        measurement: str,
        fields: Sequence[str],
        matchers: Sequence[Matcher],
        start_ns: int,
        end_ns: int,
        limit: int | None = None,
    ) -> Iterator[Samples]:
        """See `monitor.stores.protocols.Reader`."""
        matching.check(matchers)
        # InfluxQL's time column hides a tag of that name, which InfluxDB refuses to store anyway.
        on_time = [matcher for matcher in matchers if matcher.label == "time"]
        if not fields or not matching.predicate(on_time)({}):
            return iter(())
        others = [matcher for matcher in matchers if matcher.label != "time"]
        fields = list(dict.fromkeys(fields))
        statement = influxql.select(measurement, fields, others, start_ns, end_ns)
        return samples(self._series(statement), fields, Budget(limit))

    def _series(self, statement: str) -> Iterator[Mapping[str, Any]]:
        """As they come. Left early, the connection is closed, and InfluxDB ends the query."""
        try:
            answer = self._connection.request("GET", "/query", self._parameters | {"q": statement})
        except StoreRejected as error:
            raise BadRequest(str(error), parameter="match") from None
        try:
            for document in answer:
                yield from self._results(document)
        except urllib3.exceptions.HTTPError as error:
            raise self._connection.away(error) from None
        finally:
            answer.close()

    def _results(self, document: bytes) -> Iterator[Mapping[str, Any]]:
        if not document.strip():
            return
        try:
            parsed = json.loads(document)
            results = [parsed] if "error" in parsed else parsed["results"]
        except (ValueError, KeyError, TypeError):
            raise StoreUnavailable(
                f"the answer is not InfluxDB's ({document[:80]!r}): is the store's address right?"
            ) from None
        for result in results:
            if "error" in result:
                raise self._connection.failure(str(result["error"]))
            yield from result.get("series", ())

    def close(self) -> None:
        self._connection.close()
