"""What a scrape of a collector's /metrics costs: CPU time and bytes.

python -m benchmarks.scrape [--quick]

Real cgroups are swept, with the usual groups of metrics and with all; then the whole application
answers scrapes, compressed as Prometheus asks for it and plain, without a network between. Beside
it stands prometheus-client's own `generate_latest` over the same families, in the same process,
which is not compressed. cAdvisor 0.36 took 100 to 150 ms for 100 containers on the same machine.
Each figure is the least of some scrapes: what else runs on the machine only adds to it. Groups are
removed at the end. Needs root; exits 1 where a bound is broken.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from collector.cgroup.files import claim_descriptors
from collector.containers.names import Found, Naming
from collector.exposition import Exposition
from collector.host.host import Host
from collector.latest import Latest
from collector.sweep import Sweeper
from collector.ticker import Due
from collector.web import create_app
from monitor.catalogue import OPTIONAL_GROUPS
from monitor.edgelog import EdgeLog
from tests.real.cgroups import Groups

BOUND_MS = 0.15
"""For each container: 15 ms for a hundred."""

CASES: tuple[tuple[int, frozenset[str]], ...] = (
    (100, frozenset()),
    (100, OPTIONAL_GROUPS),
    (1000, frozenset()),
)
IDENTITY = {"cluster": "bench", "node": "node-1"}


class ImageNames:
    """Names as a runtime gives them, with an image: the labels that a real page has."""

    def name_of(self, found: Found) -> Naming:
        name = f"web-{found.id[:12]}"
        return Naming(name, namespace="shop", image="registry.example/shop/web:1.2.3", name=name)


class Cost(NamedTuple):
    """The least of some scrapes in ms of CPU, and the bytes of one answer."""

    cpu_ms: float
    size: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 containers only, within 20 s")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("needs root, to make cgroups")
        return 1
    broken = False
    print(f"{'containers':>10}  {'':26}{'CPU ms':>9}{'bound':>9}{'KiB':>9}")
    for containers, groups in CASES[: 2 if options.quick else None]:
        with swept(containers, groups) as latest:
            print("all groups" if groups else "the usual groups")
            for what, cost in measure(latest, 20 if options.quick else 50).items():
                bound = BOUND_MS * containers if what.startswith("scrape") else None
                is_over = bound is not None and cost.cpu_ms > bound
                broken = broken or is_over
                print(
                    f"{containers:10}  {what:26}{cost.cpu_ms:9.2f}"
                    f"{'' if bound is None else format(bound, '.1f'):>9}{cost.size / 1024:9.0f}"
                    f"{'   BROKEN' if is_over else ''}"
                )
    return int(broken)


@contextmanager
def swept(containers: int, enabled: frozenset[str]) -> Iterator[Latest]:
    """What a collector of so many real containers shows, with optional groups of metrics."""
    with tempfile.TemporaryDirectory() as links, Groups(Path(links)) as groups:
        for number in range(containers):
            # A thousand network namespaces would take minutes to make, and add nothing here.
            groups.add("exec sleep 1000", own_network=number < 100)
        sweeper = Sweeper(
            IDENTITY,
            Path("/proc"),
            groups.root,
            ImageNames(),
            claim_descriptors(),
            groups=enabled,
        )
        latest, host = Latest(keep_seconds=180), Host(IDENTITY)
        try:
            for due in (Due(True, True), Due(True, False), Due(False, False)):
                latest.update(host.read() + sweeper.sweep(due), time.time_ns())
            assert len(sweeper.containers) == containers
        finally:
            sweeper.close()
        yield latest


def measure(latest: Latest, rounds: int) -> dict[str, Cost]:
    """The page as Prometheus asks for it, plain, in part, and as prometheus-client writes it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Exposition(latest))
    with tempfile.TemporaryDirectory() as data:
        log = EdgeLog(Path(data))
        app = create_app(latest, log, lambda: 10.0, lambda: {"last_tick_seconds": 0.0})

        def scrape(query: str = "", encoding: str = "gzip") -> Callable[[], bytes]:
            headers = {"Accept-Encoding": encoding}
            environ = EnvironBuilder("/metrics", query_string=query, headers=headers).get_environ()

            def answer() -> bytes:
                body, status, _ = run_wsgi_app(app, dict(environ))
                assert status == "200 OK"
                return b"".join(body)

            return answer

        try:
            return {
                "scrape, gzip": _measured(scrape(), rounds),
                "scrape, plain": _measured(scrape(encoding="identity"), rounds),
                "scrape, collect[]=cpu": _measured(scrape("collect[]=cpu"), rounds),
                "generate_latest": _measured(lambda: generate_latest(registry), rounds // 4),
            }
        finally:
            log.close()


def _measured(work: Callable[[], bytes], rounds: int) -> Cost:
    size = len(work())
    costs = []
    for _ in range(rounds):
        gc.collect()
        began = time.thread_time_ns()
        work()
        costs.append((time.thread_time_ns() - began) / 1e6)
    return Cost(min(costs), size)


if __name__ == "__main__":
    sys.exit(main())
