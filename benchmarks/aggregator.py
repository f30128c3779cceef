"""What the aggregator moves, and what it takes: a backlog drained from simulated nodes to a store.

python -m benchmarks.aggregator [--quick] [--nodes N] [--sweeps N]

Each node is a real edge log behind a real server, all in this process; the aggregator is
`weir aggregator`, a process of its own. A point is a line: 60 containers and 30 pods a sweep, as on
a node of a full-size cluster. "store alone" writes the same bodies from this process, as many at
once. InfluxDB takes part where influxd is installed. Exits 1 where a bound is broken.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from monitor.edgelog import EdgeLog
from monitor.lineprotocol import encode
from monitor.record import Record, Series, Value
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_writer
from monitor.stream.server import add_stream
from monitor.web.app import App
from monitor.web.config import ListenConfig
from monitor.web.server import Server, bind
from tests.real.influxdb import InfluxDB

CONTAINERS, PODS = 60, 30
BATCH_BYTES = 256 * 1024
RSS_BOUND_MIB = 100
RATE_BOUND = 45_500
STORE_SHARE_BOUND = 0.5
"""Where the store is slower than that: the pipe shares two cores with the store and the nodes."""


class Node:
    """An edge log with a backlog of `sweeps`, served."""

    def __init__(self, directory: Path, number: int, sweeps: int) -> None:
        self.log = EdgeLog(directory)
        for sweep in range(sweeps):
            self.log.append(encode(_sweep(number, sweep, sweeps)))
        app = App()
        add_stream(app, self.log)
        self._server = Server(app, bind("127.0.0.1:0"), ListenConfig(), threads=1)
        self._server.start()
        self.url = self._server.url

    def stop(self) -> None:
        self._server.stop()
        self.log.close()


class Drained(NamedTuple):
    """One run of the aggregator."""

    points_per_second: float
    cpu_us_per_point: float
    peak_rss_mib: float


def _sweep(node: int, sweep: int, sweeps: int) -> Iterator[Record]:
    now = time.time_ns() - (sweeps - sweep) * 1_000_000_000
    noise = random.Random(node * 100_003 + sweep)
    for number in range(CONTAINERS + PODS):
        tags = {"cluster": "bench", "node": f"node-{node}", "namespace": f"ns-{number % 7}"}
        tags["pod"] = f"app-{number // 2}-7d9f8b6c5-x{number:04d}"
        measurement = "container" if number < CONTAINERS else "pod"
        if number < CONTAINERS:
            tags["container"] = f"c{number % 2}"
        fields: dict[str, Value] = {
            "cpu_usage_seconds_total": sweep * 0.8 + noise.random(),
            "cpu_user_seconds_total": sweep * 0.5 + noise.random(),
            "cpu_system_seconds_total": sweep * 0.3 + noise.random(),
            "memory_usage_bytes": noise.randrange(1 << 26, 1 << 27),
            "memory_working_set_bytes": noise.randrange(1 << 25, 1 << 26),
            "processes": noise.randrange(1, 9),
            "start_time_seconds": 1.7e9 + number,
        }
        yield Record(Series.of(measurement, tags), fields, now + number * 1000)


def drain(nodes: list[Node], store: StoreConfig, directory: Path, points: int) -> Drained:
    """Run `weir aggregator` until every node's records are acknowledged."""
    consumer = directory.name
    command = [sys.executable, "-m", "weir", "aggregator", "--listen=127.0.0.1:0", "--poll=0.1"]
    command += [f"--nodes={','.join(node.url for node in nodes)}", f"--data={directory}"]
    command += [f"--store={store.store}", f"--consumer={consumer}"]
    command += [f"--influx-database={store.influx_database}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while not any(consumer in node.log.stats().backlog for node in nodes):
            _alive(process)
        began = time.monotonic()
        started_cpu = _cpu_seconds(process.pid)
        while any(node.log.stats().backlog.get(consumer) != 0 for node in nodes):
            _alive(process)
        seconds = time.monotonic() - began
        cpu = _cpu_seconds(process.pid) - started_cpu
        return Drained(points / seconds, cpu / points * 1e6, _peak_mib(process.pid))
    finally:
        process.terminate()
        process.wait(20)


def alone(nodes: list[Node], store: StoreConfig, points: int) -> float:
    """Points a second of the store without nodes and aggregator."""
    bodies = [body for node in nodes for body in _bodies(node.log)]
    writer = open_writer(store)
    began = time.monotonic()
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(writer.write, bodies))
    rate = points / (time.monotonic() - began)
    writer.close()
    return rate


def _bodies(log: EdgeLog) -> Iterator[bytes]:
    batch = log.read(None, BATCH_BYTES)
    while batch.records:
        yield batch.body
        batch = log.read(batch.cursor, BATCH_BYTES)


def _alive(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise SystemExit(f"weir aggregator ended with code {process.returncode}")
    time.sleep(0.02)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@contextlib.contextmanager
def _stores(directory: Path) -> Iterator[list[tuple[str, StoreConfig, StoreConfig]]]:
    """Name, the store to drain into, and another one like it that is written alone."""
    drained, other = (StoreConfig(store=f"sqlite:{directory / n}") for n in ("drained", "alone"))
    stores = [("embedded", drained, other)]
    with contextlib.ExitStack() as stack:
        if any(Path(place, "influxd").exists() for place in os.get_exec_path()):
            influxdb = InfluxDB(directory)
            stack.callback(influxdb.stop)
            influxdb.start()
            for name in ("drained", "alone"):
                influxdb.create_database(name)
            url = f"influxdb:{influxdb.url}"
            drained, other = (
                StoreConfig(store=url, influx_database=n) for n in ("drained", "alone")
            )
            stores.append(("influxdb", drained, other))
        yield stores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a short backlog, within 60 s")
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--sweeps", type=int, help="records in each log (quick: 200, else 1000)")
    options = parser.parse_args()
    sweeps = options.sweeps or (200 if options.quick else 1000)
    points = options.nodes * sweeps * (CONTAINERS + PODS)
    broken = []
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as place:
        directory = Path(place)
        nodes = [Node(directory / f"node-{n}", n, sweeps) for n in range(options.nodes)]
        log_bytes = sum(node.log.stats().total_bytes for node in nodes)
        print(f"{options.nodes} nodes, {points:,} points, {log_bytes / points:.1f} bytes a point")
        with _stores(directory) as stores:
            for name, store, other in stores:
                ran = drain(nodes, store, directory / name, points)
                rate = alone(nodes, other, points)
                print(
                    f"{name:9}  {ran.points_per_second:9,.0f} points/s (store alone {rate:,.0f})  "
                    f"{ran.cpu_us_per_point:5.1f} µs CPU a point  "
                    f"peak RSS {ran.peak_rss_mib:5.1f} MiB (bound {RSS_BOUND_MIB})"
                )
                if ran.peak_rss_mib > RSS_BOUND_MIB:
                    broken.append(f"{name}: {ran.peak_rss_mib:.0f} MiB")
                if ran.points_per_second < min(RATE_BOUND, STORE_SHARE_BOUND * rate):
                    broken.append(f"{name}: {ran.points_per_second:,.0f} points/s")
        for node in nodes:
            node.stop()
    if broken:
        print("bounds broken: " + "; ".join(broken), file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
