"""A real store, empty, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from monitor.stores.config import StoreConfig
from tests.real.influxdb import InfluxDB
from tests.real.victoria import VictoriaMetrics

PROGRAMS = {"embedded": "", "influxdb": "influxd", "victoria": "victoria-metrics"}


class Store(NamedTuple):
    """`pid` is the store's process; None where it is the aggregator's own."""

    config: StoreConfig
    pid: int | None


def installed(kind: str) -> bool:
    """Whether the store's program is there."""
    program = PROGRAMS[kind]
    return not program or any(Path(place, program).exists() for place in os.get_exec_path())


@contextlib.contextmanager
def empty(kind: str) -> Iterator[Store]:
    """A store of this kind that nobody has written to."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as place:
        directory = Path(place)
        if kind == "embedded":
            yield Store(StoreConfig(store=f"sqlite:{directory / 'store'}"), None)
        elif kind == "influxdb":
            influxdb = InfluxDB(directory)
            try:
                influxdb.start()
                influxdb.create_database("weir")
                yield Store(StoreConfig(store=f"influxdb:{influxdb.url}"), influxdb.pid)
            finally:
                influxdb.stop()
        else:
            victoria = VictoriaMetrics(directory, "-memory.allowedBytes=2GiB")
            try:
                victoria.start()
                yield Store(StoreConfig(store=f"victoriametrics:{victoria.url}"), victoria.pid)
            finally:
                victoria.stop()
