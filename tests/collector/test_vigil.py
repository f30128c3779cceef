"""Real containers' groups that come and go while no sweep is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.containers import process_end
from collector.containers.directories import watching
from collector.containers.names import Naming
from collector.sweep import NAME_WAIT_SECONDS, Sweeper
from collector.vigil import COMPLETE_SECONDS, LAST_SECONDS, Vigil
from collector.watch import Watch
from monitor.record import Record, Series
from tests.collector.sweeping import ALL, FakeNames, of, row
from tests.real.cgroups import Group, Groups

pytestmark = pytest.mark.root

SPIN = "while :; do :; done"


class Node:
    """Real groups, a sweeper over them, and a vigil that is attended to while somebody waits."""

    def __init__(self, groups: Groups, descriptors: int) -> None:
        self.groups = groups
        self.names = FakeNames()
        self.watch = Watch()
        self.sweeper = Sweeper(
            {"cluster": "c", "node": "n"}, Path("/proc"), groups.root, self.names, descriptors,
            watch=watching,
        )  # fmt: skip
        self.vigil = Vigil(self.sweeper, self.watch)
        self.records: list[Record] = []
        self.ended: list[Series] = []
        self.attended = 0

    def sweep(self) -> list[Record]:
        records = self.sweeper.sweep(ALL)
        self.vigil.settle()
        return records

    def add(self, script: str, name: str, path: str = "") -> Group:
        group = self.groups.add(script, path)
        self.names.known[group.path[1:]] = Naming(name)
        return group

    def attend(self, seconds: float) -> None:
        due = self.vigil.due - time.monotonic()
        ready = self.watch.wait(min(seconds, due))
        self.attended += 1
        for news in self.vigil.attend(ready):
            self.records += news.records
            self.ended += news.ended

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, [r.series.key for r in self.records]
            self.attend(0.1)

    def attend_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.attend(left)

    def rows(self, name: str) -> list[Record]:
        """The container's own rows since the last sweep."""
        series = f"container,cluster=c,container={name},node=n"
        return [record for record in self.records if record.series.key == series]

    def ends(self) -> list[object]:
        """Of which containers the end was told."""
        events = of(self.records, "event")
        stops = [event for event in events if ("reason", "Stopped") in event.series.tags]
        return [event.fields["object"] for event in stops]


@pytest.fixture
def descriptors() -> int:
    return 200


@pytest.fixture
def node(tmp_path: Path, descriptors: int) -> Iterator[Node]:
    with Groups(tmp_path) as groups:
        node = Node(groups, descriptors)
        node.sweep()
        yield node
        node.vigil.close()
        node.sweeper.close()
        node.watch.close()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def kernel_cpu_seconds(group: Group) -> float:
    for directory in group.directories:
        if (directory / "cpuacct.usage").exists():
            return int((directory / "cpuacct.usage").read_text()) / 1e9
    stat = (group.directories[0] / "cpu.stat").read_text().split()
    return int(stat[stat.index("usage_usec") + 1]) / 1e6


def test_a_life_between_two_sweeps(node: Node) -> None:
    descriptors = open_descriptors()
    began = time.time()
    group = node.add(SPIN, "short")
    node.until(lambda: node.rows("short"))
    (first,) = node.rows("short")
    assert "memory_working_set_bytes" in first.fields  # all tiers
    start = first.fields["start_time_seconds"]
    assert isinstance(start, float)
    assert began - 0.02 <= start <= first.time_ns / 1e9 <= time.time()
    assert len(of(node.records, "container_info")) == 1

    node.until(lambda: len(node.rows("short")) == 2)
    _, second = node.rows("short")
    assert second.time_ns - first.time_ns >= COMPLETE_SECONDS * 1e9
    group.kill()
    node.until(lambda: len(node.rows("short")) == 3)
    last = node.rows("short")[-1]
    assert last.fields["cpu_usage_seconds_total"] == kernel_cpu_seconds(group)
    assert last.fields["processes"] == 0
    assert last.fields["start_time_seconds"] == start
    assert node.ends() == [] and node.ended == []

    group.remove()
    node.until(node.ends)
    assert node.ends() == ["short"]
    assert node.ended == [last.series]
    assert open_descriptors() == descriptors
    assert node.sweeper.figures["open_descriptors"] == 0
    assert node.sweep() == [] and list(node.sweeper.all) == []


def test_what_a_sweep_found_is_looked_after_too(node: Node) -> None:
    group = node.add("exec sleep 100", "old")
    row(node.sweep(), "old")
    group.kill()
    node.until(lambda: node.rows("old"))
    assert node.rows("old")[0].fields["processes"] == 0


def test_the_first_process_may_end_before_the_others(node: Node) -> None:
    group = node.add("sleep 100 & exec sleep 100", "pair")
    node.until(lambda: len(node.rows("pair")) == 2)
    group.process.kill()
    group.process.wait()
    node.attend_for(0.2)
    assert len(node.rows("pair")) == 2
    group.kill()
    node.until(lambda: len(node.rows("pair")) == 3)


def test_a_restart_in_the_same_group_is_an_end_and_a_begin(node: Node) -> None:
    first = node.add("exec sleep 100", "web")
    node.until(lambda: node.rows("web"))
    first.remove()
    node.groups.add("exec sleep 100", first.path)
    node.until(lambda: len({row.fields["start_time_seconds"] for row in node.rows("web")}) == 2)
    assert node.ends() == ["web"] and node.ended == [node.rows("web")[0].series]
    assert len(list(node.sweeper.all)) == 1


def test_a_container_whose_name_comes_late_is_read_then(node: Node) -> None:
    group = node.groups.add("exec sleep 100")
    node.attend_for(0.3)
    assert node.records == []
    node.names.known[group.path[1:]] = Naming("late")
    node.until(lambda: node.rows("late"))


def test_one_that_ends_without_a_name_is_not_lost(node: Node) -> None:
    group = node.groups.add("exec sleep 100")
    node.attend_for(0.1)
    group.kill()
    fallback = f"container-{group.path[1:13]}"
    node.until(lambda: node.rows(fallback))
    group.remove()
    node.until(node.ends)
    assert node.ends() == [fallback]


def test_a_name_that_never_comes_is_made_of_the_path(node: Node) -> None:
    group = node.groups.add("exec sleep 100")
    began = time.monotonic()
    node.until(lambda: node.rows(f"container-{group.path[1:13]}"))
    assert NAME_WAIT_SECONDS <= time.monotonic() - began < NAME_WAIT_SECONDS + LAST_SECONDS + 1


def test_who_ends_and_starts_processes_all_the_time_costs_no_more(node: Node) -> None:
    node.add("while :; do sleep 0.01 & wait; done & exec sleep 0.01", "busy")
    node.until(lambda: len(node.rows("busy")) >= 2)
    node.attended = 0
    node.attend_for(2)
    assert node.attended < 60


def test_waiting_costs_nothing(node: Node) -> None:
    for number in range(5):
        node.add("exec sleep 100", f"idle{number}")
    node.until(lambda: all(len(node.rows(f"idle{number}")) == 2 for number in range(5)))
    node.attended, cpu = 0, time.thread_time()
    node.attend_for(2)
    assert node.attended <= 2 and time.thread_time() - cpu < 0.02


def test_groups_made_without_end_are_looked_at_a_tenth_of_the_time(node: Node) -> None:
    inner = node.groups.root if node.groups.is_v2 else node.groups.root / "cpuacct"
    cpu, began = time.thread_time(), time.monotonic()
    made = 0.0
    while time.monotonic() - began < 2:
        before = time.thread_time()
        for number in range(10):
            (inner / f"{number:064x}").mkdir()
            (inner / f"{number:064x}").rmdir()
        made += time.thread_time() - before
        node.attend(0)
    assert time.thread_time() - cpu - made < 0.5
    node.until(lambda: not list(node.sweeper.all))


@pytest.mark.parametrize("descriptors", [0])
def test_past_the_budget_the_end_is_seen_without_a_last_sample(node: Node) -> None:
    group = node.add("exec sleep 100", "poor")
    node.until(lambda: len(node.rows("poor")) == 1)
    group.remove()
    node.until(node.ends)
    assert len(node.rows("poor")) == 1


def test_a_kernel_without_pidfds_is_told_of_once(
    node: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(process_end.os, "pidfd_open", refused)
    groups = [node.add("exec sleep 100", name) for name in "ab"]
    node.until(lambda: node.rows("a") and node.rows("b"))
    for group in groups:
        group.remove()
    node.until(lambda: len(node.ends()) == 2)
    assert len(caplog.records) == 1 and "Function not implemented" in caplog.text
