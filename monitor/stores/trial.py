"""Whether a store works, found out by a real write and by reading that very sample back."""

from __future__ import annotations

import gzip
import time
from typing import NamedTuple

from monitor.errors import StoreUnavailable
from monitor.lineprotocol import encode
from monitor.record import Record, Series
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from monitor.stores.protocols import Matcher, Reader

_MS = 1_000_000
_FIELD = "store_check"
_VISIBLE_SECONDS = 40.0
_PAUSE_SECONDS = 0.1


class Written(NamedTuple):
    """The time of the sample, and what it took until it was acknowledged."""

    time_ns: int
    seconds: float


def write(config: StoreConfig, process: str) -> Written:
    """Write one line, `weir,process=… store_check=1`. Raises WeirError."""
    time_ns = time.time_ns() // _MS * _MS  # some stores keep milliseconds
    series = Series.of("weir", {"process": process})
    body = gzip.compress(encode([Record(series, {_FIELD: 1}, time_ns)]))
    writer = open_writer(config)
    began = time.monotonic()
    try:
        writer.write(body)
    finally:
        writer.close()
    return Written(time_ns, time.monotonic() - began)


def read_back(config: StoreConfig, process: str, written: Written) -> float:
    """Seconds until that sample could be read. Raises WeirError.

    It waits for it some time: VictoriaMetrics shows new ones after seconds.
    """
    reader = open_reader(config)
    began = time.monotonic()
    try:
        while not _has(reader, process, written.time_ns):
            if time.monotonic() - began > _VISIBLE_SECONDS:
                raise StoreUnavailable(
                    f"{config.store} acknowledged a sample, and does not show it within"
                    f" {_VISIBLE_SECONDS:g} s: do reading and writing name the same place?"
                )
            time.sleep(_PAUSE_SECONDS)
    finally:
        reader.close()
    return time.monotonic() - began


def _has(reader: Reader, process: str, time_ns: int) -> bool:
    named = (Matcher("process", "=", process),)
    return any(
        time_ns in found.times
        for found in reader.select("weir", (_FIELD,), named, time_ns, time_ns)
    )
