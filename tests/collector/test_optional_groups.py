"""The optional groups of a real container, beside what the kernel and the usual tools say."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from collector.containers.names import NoNames
from collector.sweep import Sweeper
from collector.ticker import Due
from monitor.catalogue import CATALOGUE
from monitor.record import Record
from tests.collector.sweeping import ALL, FAST, of
from tests.real.cgroups import Groups
from tests.real.docker import Container, Engine
from tests.real.process import wait_until

pytestmark = pytest.mark.root

GROUPS = frozenset({"descriptors", "sched", "tcp", "udp", "disk"})
SLOW = Due(slow=True, limits=False)
TALKING = (
    "nc -ll -p 7000 -e sleep 1000 & until nc 127.0.0.1 7000 -e sleep 1000; do sleep 0.1; done & "
)
"""A server with one connection, which the container itself has made."""


class Node:
    """A sweeper that sees no containers but those that `run` makes on a real engine."""

    def __init__(self, groups: Groups, engine: Engine) -> None:
        self._groups = groups
        self._engine = engine
        self._containers: list[Container] = []
        self.sweeper = self.sweeps(GROUPS)

    def sweeps(self, optional: frozenset[str]) -> Sweeper:
        roots = Path("/proc"), self._groups.root
        return Sweeper({}, *roots, NoNames(), 1000, groups=optional)

    def run(self, script: str, *options: str) -> Container:
        options = ("--cgroup-parent", self._groups.parent, *options)
        container = self._engine.run("sh", "-c", script, options=options)
        self._containers.append(container)
        return container

    def rows(self, container: Container, due: Due = ALL) -> list[Record]:
        """The container's rows of one sweep."""
        name = f"container-{container.id[:12]}"
        found = of(self.sweeper.sweep(due), "container")
        return [row for row in found if dict(row.series.tags)["container"] == name]

    def fields(self, container: Container, due: Due = ALL, **tags: str) -> Any:
        """Those of the container's row that has just these tags beside its name."""
        rows = self.rows(container, due)
        (own,) = [r for r in rows if {k: v for k, v in r.series.tags if k != "container"} == tags]
        return own.fields

    def pids(self, container: Container) -> list[int]:
        listing = self.sweeper.hierarchy.tree / container.id / "cgroup.procs"
        return [int(pid) for pid in listing.read_text().split()]

    def upper(self, container: Container) -> Path:
        shown = "{{.GraphDriver.Data.UpperDir}}"
        return Path(self._engine.cli("inspect", "-f", shown, container.id))

    def close(self) -> None:
        self.sweeper.close()
        for container in self._containers:
            container.remove()


@pytest.fixture
def node(tmp_path: Path, docker_engine: Engine) -> Iterator[Node]:
    with Groups(tmp_path) as groups:
        node = Node(groups, docker_engine)
        node.sweeper.sweep(FAST)
        yield node
        node.close()


def ss(container: Container, protocol: str) -> Counter[str]:
    """What ss(8) says in the container's network: sockets by state."""
    inside = ["nsenter", "-t", str(container.pid), "-n", "ss", "-Han", protocol]
    shown = subprocess.run(inside, capture_output=True, text=True, check=True)
    return Counter(line.split()[0] for line in shown.stdout.splitlines())


def await_connection(container: Container) -> None:
    wait_until(lambda: ss(container, "-t")["ESTAB"] == 2, "a connection")


def test_descriptors_and_sockets_are_those_of_ls(node: Node) -> None:
    opened = "; ".join(f"exec {number}</dev/null" for number in range(3, 10))
    busy = node.run(f"{opened}; {TALKING} sleep 1000", "--ulimit", "nofile=2000:3000")
    idle = node.run("sleep 1000")
    await_connection(busy)

    links = [link for pid in node.pids(busy) for link in Path(f"/proc/{pid}/fd").iterdir()]
    sockets = [link for link in links if str(link.readlink()).startswith("socket:")]
    fields = node.fields(busy)

    assert (fields["file_descriptors"], fields["sockets"]) == (len(links), len(sockets))
    assert len(sockets) >= 3 and len(links) > 7 * fields["processes"]
    assert node.fields(idle)["sockets"] == 0
    assert node.fields(busy, ulimit="max_open_files")["ulimits_soft"] == 2000


def test_sockets_by_state_are_those_of_ss(node: Node) -> None:
    container = node.run(f"{TALKING} sleep 1000")
    await_connection(container)
    for state, shown in (("listen", "LISTEN"), ("established", "ESTAB"), ("timewait", "TIME-WAIT")):
        fields = node.fields(container, tcp_state=state)
        both = fields["network_tcp_usage_total"] + fields["network_tcp6_usage_total"]
        assert both == ss(container, "-t")[shown]
    assert node.fields(container, udp_state="listen")["network_udp_usage_total"] == 0

    bind = "import socket, time; s = socket.socket(type=2); s.bind(('', 7001)); time.sleep(1000)"
    inside = ["nsenter", "-t", str(container.pid), "-n", sys.executable, "-c", bind]
    with subprocess.Popen(inside) as bound:
        try:
            wait_until(lambda: ss(container, "-u").total() == 1, "a socket of UDP")
            assert node.fields(container, udp_state="listen")["network_udp_usage_total"] == 1
        finally:
            bound.kill()


def test_scheduler_times_lie_between_what_the_kernel_says_before_and_after(node: Node) -> None:
    container = node.run("while :; do :; done")
    file = Path(f"/proc/{container.pid}/schedstat")

    def told() -> list[int]:
        return [int(number) for number in file.read_text().split()]

    wait_until(lambda: told()[0] > 10**8, "it to have run")
    for _ in range(3):
        before = told()
        fields = node.fields(container)
        after = told()
        assert before[0] / 1e9 <= fields["cpu_schedstat_run_seconds_total"] <= after[0] / 1e9
        assert before[1] / 1e9 <= fields["cpu_schedstat_runqueue_seconds_total"] <= after[1] / 1e9
        assert before[2] <= fields["cpu_schedstat_run_periods_total"] <= after[2]


def test_the_layer_takes_what_du_says(node: Node) -> None:
    script = "dd if=/dev/urandom of=/big bs=1M count=5; mkdir /a; ln /big /a/again; sleep 1000"
    container = node.run(script)
    upper = node.upper(container)
    wait_until((upper / "a/again").exists, "the file to be written")
    rows: list[Record] = []

    def found() -> bool:
        rows.extend(r for r in node.rows(container, SLOW) if "fs_usage_bytes" in r.fields)
        return bool(rows)

    def says(*command: str) -> str:
        done = subprocess.run([*command, str(upper)], capture_output=True, text=True, check=True)
        return done.stdout.split()[0]

    before = time.time_ns()
    wait_until(found, "the layer to be measured", pause=0.1)
    (row,) = rows
    assert row.fields["fs_usage_bytes"] == int(says("du", "-sx", "--block-size=1")) >= 5 * 2**20
    assert row.fields["fs_inodes_used"] == int(says("du", "-sx", "--inodes"))
    assert row.fields["fs_limit_bytes"] == int(says("stat", "-fc", "%b")) * int(
        says("stat", "-fc", "%S")
    )
    device = says("findmnt", "-no", "SOURCE", "-T").partition("[")[0]
    assert f"/dev/{dict(row.series.tags)['device']}" == device
    assert before <= row.time_ns <= time.time_ns()


def test_a_slow_walk_does_not_delay_a_sweep(node: Node) -> None:
    files = 15_000  # three seconds at the usual pace
    script = f"mkdir /many; cd /many; seq {files} | xargs touch; touch /done; sleep 1000"
    container = node.run(script)
    wait_until((node.upper(container) / "done").exists, "the files to be made")
    took: list[float] = []

    def found() -> bool:
        began = time.perf_counter()
        rows = node.rows(container, SLOW)
        took.append(time.perf_counter() - began)
        return any("fs_usage_bytes" in row.fields for row in rows)

    began = time.monotonic()
    wait_until(found, "the layer to be measured", pause=0.1)
    assert time.monotonic() - began > 2
    assert len(took) > 5 and median(took) < 0.2


def test_a_container_of_many_processes_does_not_stall_a_sweep(node: Node) -> None:
    container = node.run("for i in $(seq 1500); do sleep 1000 & done; sleep 1000")
    wait_until(lambda: len(node.pids(container)) > 1500, "all processes to run", seconds=120)
    node.rows(container)

    began = time.perf_counter()
    fields = node.fields(container, SLOW)
    took = time.perf_counter() - began

    assert fields["processes"] == len(node.pids(container))
    assert "file_descriptors" not in fields
    assert fields["cpu_schedstat_run_seconds_total"] > 0
    assert node.sweeper.figures["parts_left_out"] > 0
    assert took < 1


def test_nothing_is_read_of_groups_that_are_not_enabled(node: Node) -> None:
    container = node.run("sleep 1000")
    node.sweeper.close()
    node.sweeper = node.sweeps(frozenset())
    fields = {field for row in node.rows(container) for field in row.fields}
    assert not {name for name in fields if CATALOGUE[f"container_{name}"].group in GROUPS}
