"""What big answers of cAdvisor's REST API cost: CPU time, bytes, memory.

python -m benchmarks.rest_api [--quick]

An hour of sweeps is written to a real edge log: the rows of a container that were recorded from a
kernel, once for each of many containers. Then the API answers, without a network between; each
request in a process of its own, whose memory is compared with what it was before. Exits 1 where a
bound is broken.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from werkzeug.test import EnvironBuilder, run_wsgi_app

from collector.cadvisor.machine import Machine
from collector.cadvisor.routes import add_cadvisor
from collector.latest import Latest
from monitor.edgelog import EdgeLog, Span
from monitor.gzipped import members
from monitor.lineprotocol import Parser, encode
from monitor.record import Record, Series
from monitor.web.app import App

RECORDED = Path(__file__).parents[1] / "tests/fixtures/cgroup/hybrid-docker.lp"
SECOND = 10**9
BOUNDS = {
    # for 100 containers: s of CPU, MiB of memory above what the process had
    "/api/v1.3/docker/web-7": (0.3, 8),
    "/api/v1.3/docker/": (3.0, 32),
    "/api/v2.1/stats?type=docker&recursive=true&count=1": (0.3, 8),
    "/api/v2.1/stats?type=docker&recursive=true&count=-1": (12.0, 32),
    "/api/v2.1/summary?type=docker&recursive=true": (3.0, 32),
    "/api/v1.3/events?all_events=true&subcontainers=true": (1.0, 8),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="ten minutes of sweeps in place of 60")
    parser.add_argument("--containers", type=int, default=100)
    parser.add_argument("--ask", nargs=2, metavar=("LOG", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        print(*ask(Path(options.ask[0]), options.ask[1]))
        return 0
    broken = False
    with tempfile.TemporaryDirectory() as directory:
        lines = write(Path(directory), options.containers, 60 if options.quick else 360)
        print(f"{options.containers} containers, {lines / 1000:.0f} kB of lines a sweep")
        print(f"{'':54}{'MB':>8}{'CPU s':>8}{'bound':>8}{'MiB':>6}{'bound':>8}")
        for path, bounds in BOUNDS.items():
            cpu_bound, memory_bound = (bound * options.containers / 100 for bound in bounds)
            command = [sys.executable, "-m", "benchmarks.rest_api", "--ask", directory, path]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            size, cpu, memory = map(float, done.stdout.split())
            is_over = cpu > cpu_bound or memory > memory_bound
            broken = broken or is_over
            print(
                f"{path:54}{size / 1e6:8.2f}{cpu:8.2f}{cpu_bound:8.1f}"
                f"{memory:6.0f}{memory_bound:8.0f}{'   BROKEN' if is_over else ''}"
            )
    return int(broken)


def write(directory: Path, containers: int, sweeps: int) -> int:
    """Fill the log in a directory; returns the bytes of one sweep's lines."""
    log = EdgeLog(directory)
    one = recorded()
    newest_ns = time.time_ns() // (10 * SECOND) * 10 * SECOND
    lines = b""
    for number in range(sweeps):
        time_ns = newest_ns - (sweeps - 1 - number) * 10 * SECOND
        lines = encode(
            record
            for container in range(containers)
            for record in renamed(one, container, time_ns, number)
        )
        log.append(lines, time_ns)
    log.close()
    return len(lines)


def recorded() -> list[Record]:
    """All rows of one container."""
    rows = list(Parser().parse(RECORDED.read_bytes()))
    first = dict(rows[0].series.tags)["container"]
    return [row for row in rows if dict(row.series.tags).get("container") == first]


def renamed(rows: list[Record], container: int, time_ns: int, second: int) -> Iterator[Record]:
    """The rows as those of another container, at another time, with more CPU time."""
    name, id = f"web-{container}", f"{container:064x}"
    for row in rows:
        fields = {**row.fields}
        if "cpu_usage_seconds_total" in fields:
            fields["cpu_usage_seconds_total"] = second + container / 7
        if row.series.measurement == "container_info":
            fields |= {"id": id, "name": name, "cgroup": f"/docker/{id}"}
        tags = {**dict(row.series.tags), "container": name}
        yield Record(Series.of(row.series.measurement, tags), fields, time_ns)


def ask(directory: Path, path: str) -> tuple[int, float, float]:
    """Bytes of the answer, s of CPU, and MiB of memory at the most above what there was."""
    log, latest = EdgeLog(directory), Latest(600)
    newest = _newest(log)
    latest.update(newest, newest[0].time_ns)
    app = App()
    add_cadvisor(app, latest, log, Machine(Path("/proc")), lambda _: None, lambda: False)
    where, _, query = path.partition("?")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
    before, began = _memory("VmRSS"), time.process_time()
    parts, status, _ = run_wsgi_app(
        app, EnvironBuilder(path=where, query_string=query).get_environ()
    )
    assert status == "200 OK"
    size = sum(len(part) for part in parts)
    cpu, peak = time.process_time() - began, _memory("VmHWM")
    log.close()
    return size, cpu, max(0.0, peak - before)


def _newest(log: EdgeLog) -> list[Record]:
    past = next(iter(log.newest_first(Span())))
    return [row for lines in members(past.payload) for row in Parser().parse(lines)]


def _memory(name: str) -> float:
    """MiB, of /proc/self/status."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(f"{name}:"))


if __name__ == "__main__":
    sys.exit(main())
