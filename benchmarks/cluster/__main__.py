"""python -m benchmarks.cluster --nodes 5000: the simulator alone, until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import time
from pathlib import Path

from benchmarks.cluster.logs import Logs
from benchmarks.cluster.plan import Plan
from benchmarks.cluster.server import Server


def main() -> None:
    options = _options()
    interval_ns = int(options.interval * 1e9)
    origin_ns = options.origin_ns or time.time_ns() - int(options.backlog * 1e9)
    plan = Plan(
        nodes=options.nodes,
        origin_ns=origin_ns,
        interval_ns=interval_ns,
        pods=options.pods,
        shape=options.shape,
        last=options.last,
    )
    server = Server(Logs(plan), options.port)
    if options.targets:
        hosts = [url.removeprefix("http://") for url in server.urls]
        options.targets.write_text(json.dumps([{"targets": hosts}]))
    if options.toml:
        options.toml.write_text(f'[aggregator]\nnodes = "{",".join(server.urls)}"\n')
    print(f"http://127.0.0.1:{server.port}", plan, flush=True)
    asyncio.run(_serve(server))


async def _serve(server: Server) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await server.run(stopped)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--nodes", type=int, default=100)
    add("--pods", type=int, default=30, help="of each node; each has two containers")
    add("--interval", type=float, default=10.0, help="seconds between two sweeps of a node")
    add("--backlog", type=float, default=0.0, help="seconds of records that wait at the start")
    add("--last", type=int, help="sweep after which nothing more comes")
    add("--shape", choices=("usual", "full"), default="usual")
    add("--origin-ns", type=int, help="Unix nanoseconds of sweep 0, to have the same records again")
    add("--port", type=int, default=0)
    add("--targets", type=Path, help="file_sd file to write for the aggregator (or GET /targets)")
    add("--toml", type=Path, help="configuration file with the nodes to write for the aggregator")
    return parser.parse_args()


if __name__ == "__main__":
    main()
