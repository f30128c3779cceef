"""vmagent on the same nodes: it scrapes the same samples, and writes to the same kind of store."""

from __future__ import annotations

import json
import re
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.cluster.plan import Plan
from benchmarks.cluster.process import Simulator
from benchmarks.cluster.sweep import Sweeps
from benchmarks.pipeline.row import Row
from benchmarks.pipeline.store import Store
from benchmarks.pipeline.usage import Resident, cpu_seconds, peak_mib
from tests.real.process import Process, unused_port
from tests.real.require import program

_CONFIG = """\
global:
  scrape_interval: {interval}s
scrape_configs:
  - job_name: nodes
    file_sd_configs:
      - files: [{targets}]
"""
_INTERVALS_TO_SETTLE = 2.5


def run(plan: Plan, store: Store, settle_seconds: float, measure_seconds: float) -> Row:
    """Memory and CPU once each node was scraped twice. A point is a line of Weir's here too."""
    interval = plan.interval_ns / 1e9
    with Simulator(plan) as cluster, tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        agent, address = _vmagent(directory, cluster, store, interval)
        agent.start()
        try:
            agent.ready(lambda: _samples(address) > 0, 60.0)
            time.sleep(max(_INTERVALS_TO_SETTLE * interval, settle_seconds))
            before = _figures(agent, cluster, store, address)
            with Resident(agent.pid) as resident:
                time.sleep(measure_seconds)
            after = _figures(agent, cluster, store, address)
            seconds, samples, cpu, store_cpu, nodes_cpu = (
                late - early for late, early in zip(after, before, strict=True)
            )
            points = samples / _samples_in_a_line(plan)
            return Row(
                name="vmagent",
                store="victoria",
                nodes=plan.nodes,
                rss=resident.mib,
                peak=peak_mib(agent.pid),
                live=points / seconds,
                us_live=cpu / points * 1e6,
                cpu=cpu / seconds,
                store_cpu=store_cpu / seconds,
                nodes_cpu=nodes_cpu / seconds,
            )
        finally:
            agent.stop()


def _vmagent(
    directory: Path, cluster: Simulator, store: Store, interval: float
) -> tuple[Process, str]:
    config = directory / "scrape.yml"
    config.write_text(
        _CONFIG.format(interval=f"{interval:g}", targets=json.dumps(str(cluster.targets)))
    )
    address = f"127.0.0.1:{unused_port()}"
    url = store.config.store.partition(":")[2]
    command = [
        program("vmagent", "victoria-metrics"),
        f"-promscrape.config={config}",
        f"-remoteWrite.url={url}/api/v1/write",
        f"-remoteWrite.tmpDataPath={directory / 'queue'}",
        f"-httpListenAddr={address}",
    ]
    return Process(command, directory / "vmagent.log"), f"http://{address}"


def _figures(agent: Process, cluster: Simulator, store: Store, address: str) -> tuple[float, ...]:
    assert store.pid is not None
    samples = _samples(address)
    now = time.monotonic()
    return now, samples, *(cpu_seconds(pid) for pid in (agent.pid, store.pid, cluster.pid))


def _samples(address: str) -> float:
    """Samples that vmagent has sent."""
    try:
        with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
            page = answer.read().decode()
    except OSError:
        return 0.0
    found = re.search(r"^vmagent_remotewrite_block_size_rows_sum (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _samples_in_a_line(plan: Plan) -> float:
    sweeps = Sweeps(plan)
    return sweeps.page(0, 1).count(b"\n") / sweeps.lines_each
