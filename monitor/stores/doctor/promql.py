"""A PromQL store, which can only be read: whether it answers, and has what collectors show."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from monitor.errors import StoreError
from monitor.findings import Finding
from monitor.stores.config import StoreConfig
from monitor.stores.doctor.clock import clock
from monitor.stores.open import open_reader
from monitor.stores.promql.server import Server

_AREA = "the store"
_BACK_NS = 300 * 10**9
_FIELD = "cpu_usage_seconds_total"


def promql(config: StoreConfig) -> Iterator[Finding]:
    """What it tells, and how much of Weir it has. Raises StoreError."""
    server = Server("the PromQL store", config.read_url, config)
    try:
        before = time.time()
        answer = server.request("POST", "/api/v1/query", {"query": "1"})
        answer.close()
        yield Finding(_AREA, "answers", "ok", f"{config.read_url}/api/v1/query")
        yield _version(server)
        yield clock(_AREA, answer.headers.get("Date", ""), before, time.time())
    finally:
        server.close()
    yield _has(config, "container")
    yield _has(config, "node")


def _version(server: Server) -> Finding:
    try:
        answer = server.request("GET", "/api/v1/status/buildinfo")
        told = str(json.loads(b"".join(server.chunks(answer)))["data"]["version"])
    except (StoreError, ValueError, KeyError, TypeError):
        return Finding(_AREA, "version", "none", "it does not tell it")
    return Finding(_AREA, "version", "ok", told)


def _has(config: StoreConfig, measurement: str) -> Finding:
    name = f"{measurement}_{_FIELD}"
    now = time.time_ns()
    reader = open_reader(config)
    try:
        series = sum(1 for _ in reader.select(measurement, [_FIELD], [], now - _BACK_NS, now))
    finally:
        reader.close()
    what = f"{measurement}s"
    if series:
        return Finding(_AREA, what, "ok", f"{series:,} series {name} in the last 5 minutes")
    why = f"no sample of {name} in the last 5 minutes"
    remedy = "let it scrape the collectors: the aggregator's /api/v1/sd/prometheus lists them"
    needed = measurement == "container"
    return Finding(_AREA, what, "no", why, remedy, needed=needed)
