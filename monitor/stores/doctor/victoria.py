"""VictoriaMetrics: each of its processes, deduplication, retention, clock, what it dropped."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from monitor.findings import Finding
from monitor.stores.config import StoreConfig
from monitor.stores.doctor.clock import clock
from monitor.stores.promql.server import Server
from monitor.stores.victoria.status import Status
from monitor.stores.victoria.writer import read, watched

_AREA = "the store"
_PARTS = re.compile(r"([0-9.]+)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_LONG_SECONDS = 1.0
_WHY = {
    "small_timestamp": "older than its retention",
    "big_timestamp": "far ahead of its clock",
    "invalid": "no line protocol",
}


def victoria(config: StoreConfig) -> Iterator[Finding]:
    """What each of its processes tells on /metrics. Raises StoreError."""
    if "/insert/" in config.place and not config.watch_urls:
        why = "only vminsert is looked at: a vmstorage that is started anew would go unseen"
        remedy = "name vminsert and every vmstorage by store_watch"
        yield Finding(_AREA, "processes", "no", why, remedy)
    urls = watched(config)
    for url in urls:
        yield from _process(config, url, _AREA if len(urls) == 1 else f"{_AREA}: {url}")


def _process(config: StoreConfig, url: str, area: str) -> Iterator[Finding]:
    server = Server("VictoriaMetrics", url, config)
    try:
        before = time.time()
        answer = server.request("GET", "/metrics")
        answer.close()
        skew = clock(area, answer.headers.get("Date", ""), before, time.time())
        status = read(server)
    finally:
        server.close()
    up = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(float(status.started)))
    version = status.version or "of a version that it does not tell"
    yield Finding(area, "version", "ok", f"VictoriaMetrics {version}, up since {up}")
    yield skew
    if "dedup.minScrapeInterval" in status.flags:
        yield _deduplication(area, status.flags["dedup.minScrapeInterval"])
    if "retentionPeriod" in status.flags:
        yield _retention(area, status.flags["retentionPeriod"])
    yield _dropped(area, status)


def _deduplication(area: str, flag: str) -> Finding:
    what, remedy = "deduplication", "start it with -dedup.minScrapeInterval=1ms"
    seconds = sum(float(count) * _SECONDS[unit] for count, unit in _PARTS.findall(flag))
    if not seconds:
        why = "off: what is written again after its restart is stored, and counted, twice"
        return Finding(area, what, "partly", why, remedy)
    if seconds > _LONG_SECONDS:
        why = f"of each {flag} it keeps one sample: more often than that nothing is seen"
        return Finding(area, what, "partly", why, remedy)
    return Finding(area, what, "ok", f"-dedup.minScrapeInterval={flag}")


def _retention(area: str, flag: str) -> Finding:
    months = flag.isdigit()
    kept = f"{flag} month{'' if flag == '1' else 's'}" if months else flag
    return Finding(area, "retention", "ok", f"samples are kept {kept} (-retentionPeriod)")


def _dropped(area: str, status: Status) -> Finding:
    """Of all who write to it: which rows they were its log says."""
    found = {reason: count for reason, count in status.dropped.items() if count}
    if not found:
        return Finding(area, "dropped rows", "ok", "none since its start")
    why = ", ".join(f"{count:,} {_WHY.get(reason, reason)}" for reason, count in found.items())
    remedy = "see its log; a longer -retentionPeriod, or the clocks of the nodes"
    return Finding(area, "dropped rows", "partly", f"{why}, since its start", remedy, needed=False)
