"""What the aggregator takes and moves: 100, 1,000 and 5,000 simulated nodes, real stores.

python -m benchmarks.aggregator [--quick] [--nodes N ...] [--stores NAME ...]

The nodes are `benchmarks.cluster`: thirty pods of two containers each, a sweep each ten seconds, 91
lines (points) of it. First `weir aggregator` drains a backlog of several sweeps of each node, then
it keeps up with what comes. "alone" is what the same store took, empty too, from two threads that
made and wrote the same records with nothing in between. "lag" is the age in seconds of the newest
sample that the store has, of half the nodes and of 99 in 100; the ten seconds between two sweeps
are in it. CPU is in cores while live: of the aggregator, of the store and of all simulated nodes.
Beside it stands vmagent, which scrapes the same samples and writes them to the same store, and what
metrics-server and Heapster ask for by their own documentation. Exits 1 where a bound is broken.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.cluster.plan import Plan
from benchmarks.cluster.sweep import Sweeps
from benchmarks.pipeline import loader, store, vmagent, weir
from benchmarks.pipeline.row import HEAD, Row

COUNTS = (100, 1000, 5000)
RSS_BOUND_MIB = 100
GROWTH_BOUND = 0.05
"""Of the resident memory, from the fewest nodes to the most, on the same store."""
RATE_BOUND = 45_500
STORE_SHARE_BOUND = 0.9
"""Of what the store takes alone, where that is less."""
LAG_BOUND = 2
"""Intervals, at the 99th percentile."""
FORMULAS = {
    "metrics-server": (200, 100, 2),
    "heapster": (140, 0, 4),
}
"""MiB at least, nodes that are in it, MiB for each further node: metrics-server's README, and
Heapster's addon resizer (cluster/addons/cluster-monitoring in Kubernetes)."""


def main() -> int:
    options = _options()
    print(HEAD)
    rows: list[Row] = []
    for row in _rows(options):
        print(row, flush=True)
        rows.append(row)
    for name, (least, within, each) in FORMULAS.items():
        sizes = (f"{least + max(0, n - within) * each:,} MiB at {n:,}" for n in options.nodes)
        print(f"{name} asks for (a formula, not measured): {', '.join(sizes)}")
    broken = list(_broken(rows, options))
    if broken:
        print("bounds broken: " + "; ".join(broken), file=sys.stderr)
    return 1 if broken else 0


def _rows(options: argparse.Namespace) -> Iterator[Row]:
    for kind in options.stores:
        if not store.installed(kind):
            print(f"{kind}: {store.PROGRAMS[kind]} is not installed")
            continue
        for nodes in options.nodes:
            if kind != "embedded" or nodes <= min(COUNTS):
                yield _weir(kind, nodes, options)
    if options.vmagent and store.installed("victoria"):
        for nodes in options.nodes:
            with store.empty("victoria") as empty:
                plan = _plan(nodes, 1, options)
                yield vmagent.run(plan, empty, options.settle, options.measure)


def _weir(kind: str, nodes: int, options: argparse.Namespace) -> Row:
    """The store alone, then the aggregator before it."""
    lines_each = Sweeps(Plan(nodes=1, origin_ns=0)).lines_each
    sweeps = max(2, round(options.points / nodes / lines_each))
    with store.empty(kind) as empty:
        alone = loader.points_per_second(_plan(nodes, sweeps, options), sweeps, empty.config)
    with store.empty(kind) as empty:
        times = weir.Times(options.settle, options.measure)
        return weir.run(kind, _plan(nodes, sweeps, options), sweeps, empty, times, alone)


def _plan(nodes: int, sweeps: int, options: argparse.Namespace) -> Plan:
    """Nodes that have had so many sweeps by now."""
    interval_ns = int(options.interval * 1e9)
    return Plan(
        nodes=nodes, origin_ns=time.time_ns() - sweeps * interval_ns, interval_ns=interval_ns
    )


def _broken(rows: Sequence[Row], options: argparse.Namespace) -> Iterator[str]:
    """What breaks its bound. --quick drains for less than a second: that tells no throughput."""
    for row in (row for row in rows if row.name == "weir"):
        name = f"{row.store} at {row.nodes:,} nodes"
        if row.peak > RSS_BOUND_MIB:
            yield f"{name}: {row.peak:.0f} MiB, bound {RSS_BOUND_MIB}"
        if not options.quick and row.drained < min(RATE_BOUND, STORE_SHARE_BOUND * row.alone):
            yield f"{name}: {row.drained:,.0f} points/s drained"
        if row.lag_p99 > LAG_BOUND * options.interval:
            yield f"{name}: falls behind, p99 of the lag is {row.lag_p99:.1f} s"
    for kind in {row.store for row in rows}:
        resident = [row.rss for row in rows if row.store == kind and row.name == "weir"]
        if len(resident) > 1 and max(resident) / min(resident) - 1 > GROWTH_BOUND:
            yield f"{kind}: from {min(resident):.1f} to {max(resident):.1f} MiB with the nodes"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="100 and 1,000 nodes briefly, within 50 s")
    add("--nodes", type=int, nargs="+")
    add("--stores", nargs="+", choices=store.PROGRAMS, default=list(store.PROGRAMS))
    add("--interval", type=float, default=10.0, help="seconds between two sweeps of a node")
    add("--points", type=float, help="lines in the backlog (at least two sweeps)")
    add("--settle", type=float, help="seconds between the backlog and the measurement")
    add("--measure", type=float, help="seconds of the measurement")
    add("--vmagent", action=argparse.BooleanOptionalAction)
    options = parser.parse_args()
    quick = {"nodes": COUNTS[:2], "points": 2e4, "settle": 0.5, "measure": 1.0, "vmagent": False}
    full = {"nodes": COUNTS, "points": 3e6, "settle": 60.0, "measure": 60.0, "vmagent": True}
    for name, value in (quick if options.quick else full).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


if __name__ == "__main__":
    sys.exit(main())
