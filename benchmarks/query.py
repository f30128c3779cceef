"""What the query API costs: 500 containers, 1 h at 10 s, in the embedded store.

python -m benchmarks.query [--quick]    --quick fills 10 min; the bounds are the same

Each figure is the least of some requests through the WSGI application, JSON and its encoding
included; the network is not. The bounds are on CPU time: wall time is the machine's other work too.
"""

from __future__ import annotations

import argparse
import gzip
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from werkzeug.test import Client

from monitor.lineprotocol import encode
from monitor.query.api import query_api
from monitor.record import Record, Series
from monitor.stores.embedded.reader import EmbeddedReader
from monitor.stores.embedded.writer import EmbeddedWriter

CONTAINERS, NODES, INTERVAL = 500, 10, 10
NS = 1_000_000_000
ROUNDS = 7
CPU = "container_cpu_usage_seconds_total"

GAUGES = "memory_usage_bytes memory_working_set_bytes memory_rss memory_cache memory_mapped_file"
COUNTERS = (
    "cpu_usage_seconds_total cpu_user_seconds_total cpu_system_seconds_total cpu_cfs_periods_total"
    " cpu_cfs_throttled_periods_total memory_failcnt"
)
NETWORK = "network_receive_bytes_total network_transmit_bytes_total network_receive_packets_total"
BLOCK = "fs_reads_bytes_total fs_writes_bytes_total fs_reads_total fs_writes_total"


class Node:
    """One node's containers; `sweep` makes the records of one moment."""

    def __init__(self, number: int, containers: int, start: int) -> None:
        self._random = random.Random(number)
        tags = {"cluster": "bench", "node": f"node-{number}"}
        self._node, self._machine = Series.of("node", tags), Series.of("machine", tags)
        self._start = start - 86400.0 + number
        self._own, self._parts, self._info = [], [], []
        for i in range(containers):
            named = tags | {"namespace": f"ns-{i % 7}", "container": f"app-{number}-{i}"}
            self._own.append(Series.of("container", named))
            self._info.append(Series.of("container_info", named))
            self._parts.append((Series.of("container", named | {"interface": "eth0"}), NETWORK))
            self._parts.append((Series.of("container", named | {"device": "sda"}), BLOCK))
        self._counts: dict[tuple[str, str], float] = {}

    def _count(self, series: Series, name: str, most: float) -> float:
        value = self._counts.get((series.key, name), 1000.0) + self._random.random() * most
        self._counts[series.key, name] = value
        return value

    def sweep(self, time_ns: int, slow: bool) -> Iterator[Record]:
        cpu = self._count(self._node, "cpu", 20.0)
        memory = {"memory_working_set_bytes": 3 << 30, "memory_MemTotal_bytes": 8 << 30}
        yield Record(self._node, {"cpu_usage_seconds_total": cpu} | memory, time_ns)
        for i, series in enumerate(self._own):
            fields = {name: int(self._random.random() * 1e9) for name in GAUGES.split()}
            counters = {name: self._count(series, name, 10.0) for name in COUNTERS.split()}
            spec = {"spec_cpu_quota": 50000, "spec_cpu_period": 100000, "processes": 4}
            start = {"start_time_seconds": self._start}
            yield Record(series, fields | counters | spec | start, time_ns + i * 30_000)
        for i, (series, names) in enumerate(self._parts):
            counts = {name: int(self._count(series, name, 1e6)) for name in names.split()}
            start = {"start_time_seconds": self._start}
            yield Record(series, counts | start, time_ns + i * 15_000)
        if slow:
            machine = {"cpu_cores": 2, "memory_bytes": 8 << 30}
            yield Record(self._machine, machine, time_ns)
            for series in self._info:
                yield Record(
                    series, {"id": "ab" * 32, "image": "app:1", "runtime": "docker"}, time_ns
                )


def fill(directory: Path, seconds: int, now_ns: int) -> None:
    """Write `seconds` of sweeps that end at `now_ns`."""
    writer = EmbeddedWriter(directory, 7, time.time_ns)
    start = now_ns // NS - seconds
    nodes = [Node(n, CONTAINERS // NODES, start) for n in range(NODES)]
    for second in range(start, start + seconds + 1, INTERVAL):
        slow = (second - start) % 300 == 0
        for node in nodes:
            body = encode(node.sweep(second * NS, slow))
            writer.write(gzip.compress(body, 1))
    writer.close()


def measure(client: Client, path: str) -> tuple[float, float, int]:
    """Least wall ms and CPU ms of a request, and the bytes of its answer."""
    walls, cpus, size = [], [], 0
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        response = client.get(path)
        size = len(response.data)
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
        if response.status_code != 200:
            sys.exit(f"{path}: {response.status} {response.text}")
    return min(walls), min(cpus), size


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 minutes instead of 1 hour")
    seconds = 600 if parser.parse_args().quick else 3600
    with tempfile.TemporaryDirectory() as directory:
        now_ns = time.time_ns() // (INTERVAL * NS) * INTERVAL * NS + NS
        began = time.perf_counter()
        fill(Path(directory), seconds, now_ns)
        print(
            f"filled {seconds} s of {CONTAINERS} containers in {time.perf_counter() - began:.0f} s"
        )
        client = Client(query_api(EmbeddedReader(Path(directory)), lambda: now_ns))
        window = f"/query?metric={CPU}&start=-{seconds}s&step={INTERVAL}"
        by = "&by=cluster,node,namespace,container"
        cases = [
            ("rate of all 500 by container", f"{window}{by}", 150),
            ("rate of all 500 by node", f"{window}&by=node", 150),
            ("top 10 by container", f"{window}{by}&top=10", 150),
            ("/containers", "/containers", 150),
            ("/nodes", "/nodes", 50),
        ]
        print(f"{'':32}{'wall ms':>9}{'CPU ms':>9}{'kB':>8}{'bound ms':>10}")
        broken = False
        for name, path, bound in cases:
            wall, cpu, size = measure(client, path)
            broken |= cpu > bound
            mark = "  BROKEN" if cpu > bound else ""
            print(f"{name:32}{wall:9.1f}{cpu:9.1f}{size / 1e3:8.0f}{bound:10}{mark}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of filling and asking: {peak:.0f} MiB")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
