"""Sweeps over plain files: what cannot be read, what breaks, and what a hostile container makes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.containers.names import Naming
from collector.exposition import Exposition
from collector.latest import Latest
from collector.sweep import Sweeper
from monitor.rates import Sample, spans
from tests.collector.deep import nested
from tests.collector.sweeping import ALL, FakeNames, of, row


class Tree:
    """A cgroup v1 tree and a procfs of plain files, with processes that none can look into."""

    def __init__(self, path: Path) -> None:
        self.sys, self.proc = path / "sys", path / "proc"
        (self.sys / "cpuacct").mkdir(parents=True)
        (self.sys / "cpuacct/cgroup.procs").touch()
        self.proc.mkdir()
        self.now = 1_700_000_000.0

    def put(self, digit: str, pids: str = "0\n", cpu_seconds: float = 1.0) -> None:
        group = self.sys / "cpuacct/docker" / (digit * 64)
        group.mkdir(parents=True, exist_ok=True)
        (group / "cgroup.procs").write_text(pids)
        (group / "cpuacct.usage").write_text(f"{int(cpu_seconds * 1e9)}\n")

    def sweeper(self) -> Sweeper:
        names = FakeNames()
        names.known = {digit * 64: Naming(digit) for digit in "abc"}
        identity = {"cluster": "c", "node": "n"}
        now_ns, monotonic = lambda: int(self.now * 1e9), lambda: self.now
        return Sweeper(identity, self.proc, self.sys, names, 10, now_ns, monotonic)


@pytest.mark.parametrize("pids", ["0\n", "77\n"])  # another PID namespace; hidepid
def test_a_start_that_cannot_be_read_is_absent_and_makes_no_spike(
    tmp_path: Path, pids: str
) -> None:
    tree = Tree(tmp_path)
    samples = []
    for restart in range(2):
        sweeper = tree.sweeper()
        for _ in range(3):
            tree.now += 10
            tree.put("a", pids, cpu_seconds=1e6 + tree.now % 1000)
            sample = row(sweeper.sweep(ALL), "a")
            assert "start_time_seconds" not in sample.fields, f"after {restart} restarts"
            usage = float(sample.fields["cpu_usage_seconds_total"])
            samples.append(Sample(sample.time_ns, usage, None))
        sweeper.close()
    assert [span.increase for span in spans(samples)] == [10.0] * 5


def test_one_that_came_after_the_first_sweep_started_when_it_was_seen(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.put("a")
    sweeper = tree.sweeper()
    sweeper.sweep(ALL)
    tree.now += 10
    tree.put("b")
    for _ in range(2):
        records = sweeper.sweep(ALL)
        assert "start_time_seconds" not in row(records, "a").fields
        assert row(records, "b").fields["start_time_seconds"] == 1_700_000_010.0
        tree.now += 10
    sweeper.close()


def test_a_path_that_is_no_text_stands_on_the_page_as_text(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.put("a")
    docker = tree.sys / "cpuacct/docker"
    docker.rename(os.fsdecode(os.fsencode(docker.parent) + b"/\xff\n"))
    sweeper = tree.sweeper()
    latest = Latest(keep_seconds=60)
    latest.update(sweeper.sweep(ALL), int(tree.now * 1e9))
    assert f'id="/? /{"a" * 64}"' in Exposition(latest).page().decode()
    sweeper.close()


def test_of_one_container_64_interfaces_are_read_the_known_ones_first(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.put("a", "77\n")
    head = "Inter-|   Receive  |  Transmit\n face |bytes\n"
    for pid in ("1", "77"):
        (tree.proc / pid / "net").mkdir(parents=True)
    (tree.proc / "1/net/dev").write_text(head)
    sweeper = tree.sweeper()

    def interfaces(*names: str) -> set[str]:
        table = "".join(f"  {name}: {' 1' * 16}\n" for name in names)
        (tree.proc / "77/net/dev").write_text(head + table)
        tags = [dict(r.series.tags) for r in of(sweeper.sweep(ALL), "container")]
        return {tag["interface"] for tag in tags if "interface" in tag}

    assert interfaces("eth0", "eth1") == {"eth0", "eth1"}
    assert sweeper.figures["parts_left_out"] == 0
    flood = [f"a{number}" for number in range(100)]
    shown = interfaces(*flood, "eth0")
    assert len(shown) == 64 and "eth0" in shown
    assert sweeper.figures["parts_left_out"] == 37
    assert interfaces(*flood, "eth0") == shown
    assert interfaces("eth1") == {"eth1"}
    assert sweeper.figures["parts_left_out"] == 0
    assert "eth0" not in interfaces(*flood, "eth0"), "what went is forgotten"
    sweeper.close()


def test_processes_below_are_looked_for_in_a_tree_of_any_depth(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.put("a", pids="")
    inner = tree.sys / "cpuacct/docker" / ("a" * 64) / "init.scope"
    inner.mkdir()
    (inner / "cgroup.procs").write_text("7\n8\n")
    sweeper = tree.sweeper()
    with nested(inner.parent, "d", 1500):
        assert row(sweeper.sweep(ALL), "a").fields["processes"] == 2
    sweeper.close()


def test_a_file_that_breaks_hides_nothing_else(tmp_path: Path) -> None:
    tree = tmp_path / "cpuacct"
    group = tree / "docker" / ("a" * 64)
    group.mkdir(parents=True)
    (tree / "cgroup.procs").touch()
    (group / "cgroup.procs").write_text("1\n")
    (group / "cpuacct.usage").write_text("1000000000\n")
    (group / "cpuacct.stat").write_text("user 5\nsystem ?\n")
    names = FakeNames()
    names.known["a" * 64] = Naming("web")
    sweeper = Sweeper({"cluster": "c", "node": "n"}, Path("/proc"), tmp_path, names, 10)
    fields = row(sweeper.sweep(ALL), "web").fields
    assert fields["cpu_usage_seconds_total"] == 1.0
    assert fields["cpu_user_seconds_total"] == 0.05
    assert "cpu_system_seconds_total" not in fields
    assert sweeper.figures["sweep_errors_total"] == 1
    sweeper.close()
