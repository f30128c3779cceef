"""Raw samples out of VictoriaMetrics: its export beside an instant query of a range.

python -m benchmarks.promql [--quick]    --quick writes 10 min instead of an hour

500 containers of two fields every 10 s. Each figure is the least CPU time of some readings through
our own reader, from the request to the joined arrays. The server's is not in it.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
import time
from pathlib import Path

from monitor.lineprotocol import encode
from monitor.record import Record, Series
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from tests.real.victoria import VictoriaMetrics

CONTAINERS, INTERVAL, NS = 500, 10, 10**9
FIELDS = ("cpu_usage_seconds_total", "start_time_seconds")
ROUNDS = 5


def main() -> int:
    """Print a line for each way; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    sweeps = (600 if parser.parse_args().quick else 3600) // INTERVAL
    with tempfile.TemporaryDirectory() as directory:
        server = VictoriaMetrics(Path(directory))
        server.start()
        try:
            end = time.time_ns() // NS * NS
            _fill(server, sweeps, end)
            for kind in ("victoriametrics", "promql"):
                seconds = _least(StoreConfig(store=f"{kind}:{server.url}"), sweeps, end)
                samples = CONTAINERS * sweeps * len(FIELDS)
                print(f"{kind:<16} {samples:>8,} values  {1e3 * seconds:6.0f} ms")
        finally:
            server.stop()
    return 0


def _fill(server: VictoriaMetrics, sweeps: int, end: int) -> None:
    series = [
        Series.of("container", {"cluster": "bench", "node": f"n{i % 10}", "container": f"c{i}"})
        for i in range(CONTAINERS)
    ]
    writer = open_writer(StoreConfig(store=f"victoriametrics:{server.url}"))
    for sweep in range(sweeps):
        time_ns = end - (sweeps - sweep) * INTERVAL * NS
        values = ((1.2345678 * sweep + i, 1.7e9 + i) for i in range(CONTAINERS))
        rows = [
            Record(each, dict(zip(FIELDS, pair, strict=True)), time_ns)
            for each, pair in zip(series, values, strict=True)
        ]
        writer.write(gzip.compress(encode(rows), 1))
    writer.close()
    server.flush()


def _least(config: StoreConfig, sweeps: int, end: int) -> float:
    reader = open_reader(config)
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        found = list(reader.select("container", FIELDS, (), end - 3600 * NS, end))
        seconds.append(time.process_time() - began)
        assert sum(len(each.times) for each in found) == CONTAINERS * sweeps
    reader.close()
    return min(seconds)


if __name__ == "__main__":
    sys.exit(main())
