"""Sweeps over real cgroups: the kernel's figures, names, restarts and ends."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cgroup.hierarchy import detect
from collector.containers.names import Naming
from collector.sweep import INFO_SECONDS, Sweeper
from collector.ticker import Due
from monitor.record import Record
from tests.collector.sweeping import ALL, FAST, FakeNames, of, row
from tests.real.cgroups import Group, Groups
from tests.real.process import wait_until

pytestmark = pytest.mark.root


class Node:
    """Real groups and a sweeper over them, with clocks that can be put forward."""

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        self.names = FakeNames()
        self.ahead = 0.0
        self.sweeper = Sweeper(
            {"cluster": "c", "node": "n"},
            Path("/proc"),
            groups.root,
            self.names,
            100,
            lambda: time.time_ns() + int(self.ahead * 1e9),
            lambda: time.monotonic() + self.ahead,
        )

    def add(self, script: str, name: str, **options: bool) -> Group:
        group = self.groups.add(script, **options)
        self.names.known[group.path[1:]] = Naming(name)
        return group

    def sweep(self, due: Due = FAST) -> list[Record]:
        return self.sweeper.sweep(due)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with Groups(tmp_path) as groups:
        node = Node(groups)
        yield node
        node.sweeper.close()


def kernel_cpu_seconds(group: Group) -> float:
    for directory in group.directories:
        if (directory / "cpuacct.usage").exists():
            return int((directory / "cpuacct.usage").read_text()) / 1e9
    stat = (group.directories[0] / "cpu.stat").read_text().split()
    return int(stat[stat.index("usage_usec") + 1]) / 1e6


def test_cpu_seconds_lie_between_what_the_kernel_says_before_and_after(node: Node) -> None:
    group = node.add("i=0; while :; do i=$((i+1)); done", "spin")
    node.sweep(ALL)
    wait_until(lambda: kernel_cpu_seconds(group) > 0.2, "some CPU burned")
    for _ in range(5):
        before = kernel_cpu_seconds(group)
        fields = row(node.sweep(), "spin").fields
        assert before <= fields["cpu_usage_seconds_total"] <= kernel_cpu_seconds(group)


def test_a_first_reading_has_every_tier_and_a_fast_one_only_its_own(node: Node) -> None:
    node.add("exec sleep 100", "idle")
    first = row(node.sweep(), "idle").fields
    assert {"memory_working_set_bytes", "processes", "spec_cpu_period", "threads"} <= set(first)
    assert first["processes"] == first["threads"] == 1
    assert first["memory_working_set_bytes"] <= first["memory_usage_bytes"]
    assert not {"spec_cpu_quota", "spec_memory_limit_bytes", "threads_max"} & set(first)
    assert set(row(node.sweep(), "idle").fields) == {
        "cpu_usage_seconds_total",
        "cpu_user_seconds_total",
        "cpu_system_seconds_total",
        "memory_usage_bytes",
        "start_time_seconds",
    }


def test_each_row_has_the_time_of_its_own_reading(node: Node) -> None:
    for name in ("a", "b"):
        node.add("exec sleep 100", name, own_network=True)
    before = time.time_ns()
    rows = of(node.sweep(ALL), "container")  # a cold binary's reading adds rows of its device
    own = [row for row in rows if not {"device", "scope"} & dict(row.series.tags).keys()]
    times = [row.time_ns for row in own]
    assert len(times) == 4
    assert before <= times[0] and times == sorted(times) and times[-1] <= time.time_ns()


def test_network_rows_are_the_namespaces(node: Node) -> None:
    node.add("exec sleep 100", "own", own_network=True)
    node.add("exec sleep 100", "hosts")
    records = node.sweep(ALL)
    interfaces = [r.series.key for r in records if "interface" in dict(r.series.tags)]
    assert interfaces == ["container,cluster=c,container=own,interface=eth0,node=n"]
    assert row(records, "own", interface="eth0").fields["network_receive_bytes_total"] == 0


def test_the_start_is_that_of_the_first_process_and_outlives_it(node: Node) -> None:
    before = time.time()
    group = node.add("sleep 100 & exec sleep 100", "pair")
    after = time.time()
    start = row(node.sweep(), "pair").fields["start_time_seconds"]
    assert before - 0.02 <= start <= after + 0.02
    group.process.kill()
    group.process.wait()
    # Version 1 keeps a listing for a second after it was read; the slow tier comes less often.
    wait_until(
        lambda: row(node.sweep(ALL), "pair").fields["processes"] == 1, "one is left", pause=1.1
    )
    assert row(node.sweep(), "pair").fields["start_time_seconds"] == start


def test_a_container_whose_processes_are_all_in_groups_below(node: Node) -> None:
    group = node.add("exec sleep 100", "systemd")
    for directory in group.directories:
        (directory / "init.scope").mkdir()
        (directory / "init.scope/cgroup.procs").write_text(str(group.pid))
    assert row(node.sweep(), "systemd").fields["processes"] == 1


def test_a_group_without_a_process_is_no_container_yet(node: Node) -> None:
    (detect(node.groups.root).tree / ("e" * 64)).mkdir()
    node.names.known["e" * 64] = Naming("empty")
    assert node.sweep(ALL) == [] and node.sweeper.containers == ()


def test_the_end_of_a_container_is_an_event(node: Node) -> None:
    group, _ = node.add("exec sleep 100", "a"), node.add("exec sleep 100", "b")
    node.sweep()
    kept = node.sweeper.figures["open_descriptors"]
    group.remove()
    records = node.sweep()
    (event,) = of(records, "event")
    assert dict(event.series.tags) == {
        "cluster": "c", "node": "n", "kind": "Container", "reason": "Stopped", "type": "Normal",
    }  # fmt: skip
    assert (event.fields["object"], event.fields["id"]) == ("a", group.path[1:])
    assert [dict(r.series.tags)["container"] for r in of(records, "container")] == ["b"]
    assert [container.naming.container for container in node.sweeper.containers] == ["b"]
    assert node.sweeper.figures["open_descriptors"] == kept / 2
    assert of(node.sweep(), "event") == []


def test_two_ends_in_one_sweep_are_two_points(node: Node) -> None:
    groups = [node.add("exec sleep 100", name) for name in "ab"]
    node.sweep()
    for group in groups:
        group.remove()
    events = of(node.sweep(), "event")
    assert len({(event.series, event.time_ns) for event in events}) == 2


def test_a_restart_in_the_same_group_is_read_in_the_same_sweep(node: Node) -> None:
    first = node.add("exec sleep 100", "web")
    before = row(node.sweep(), "web").fields
    first.remove()
    # The kernel tells start times in steps of 10 ms.
    wait_until(lambda: time.time() > before["start_time_seconds"] + 0.05, "a later start time")
    node.groups.add("exec sleep 100", path=first.path)
    records = node.sweep()
    reasons = [dict(event.series.tags)["reason"] for event in of(records, "event")]
    assert reasons == ["Stopped", "Started"]
    after = row(records, "web").fields
    assert after["start_time_seconds"] > before["start_time_seconds"]
    assert "processes" in after  # a new one gets all tiers


def test_one_that_came_as_another_went_is_read_in_the_same_sweep(node: Node) -> None:
    first = node.add("exec sleep 100", "old")
    node.sweep()
    first.remove()
    node.add("exec sleep 100", "new")
    row(node.sweep(), "new")


def test_a_container_without_a_name_gets_one_from_its_path_after_two_seconds(node: Node) -> None:
    group = node.groups.add("exec sleep 100")
    assert node.sweep() == [] and node.sweeper.containers == ()
    node.ahead = 2.0
    fallback = f"container-{group.path[1:13]}"
    row(node.sweep(), fallback)
    node.names.known[group.path[1:]] = Naming("web", namespace="shop")
    row(node.sweep(), "web", namespace="shop")
    node.names.known.clear()
    row(node.sweep(), "web", namespace="shop")


def test_two_containers_of_one_name_are_kept_apart(node: Node) -> None:
    groups = [node.add("exec sleep 100", "web") for _ in range(2)]
    second = max(groups, key=lambda group: group.path)
    records = node.sweep()
    row(records, "web")
    row(records, f"web-{second.path[1:13]}")


def test_what_a_container_is_is_told_when_found_and_every_five_minutes(node: Node) -> None:
    group = node.groups.add("exec sleep 100")
    labels = {f"l{number}": "x" * 1000 for number in range(9)}
    node.names.known[group.path[1:]] = Naming("web", None, None, "img:1", "web", labels)
    (info,) = of(node.sweep(), "container_info")
    assert info.fields["id"] == group.path[1:] and info.fields["cgroup"] == group.path
    assert info.fields["image"] == "img:1"
    assert len(str(info.fields["labels"])) <= 4096 and str(info.fields["labels"]).endswith('"}')
    assert of(node.sweep(ALL), "container_info") == []
    node.ahead = INFO_SECONDS
    assert len(of(node.sweep(), "container_info")) == 1


@pytest.mark.parametrize("descriptors", [0, 3])
def test_past_the_budget_the_figures_are_the_same(tmp_path: Path, descriptors: int) -> None:
    with Groups(tmp_path) as groups:
        group = groups.add("exec sleep 100")
        names = FakeNames()
        names.known[group.path[1:]] = Naming("a")
        rows = []
        for budget in (descriptors, 100):
            sweeper = Sweeper({}, Path("/proc"), groups.root, names, budget)
            sweeper.sweep(ALL)
            rows.append(sweeper.sweep(ALL)[0].fields)
            assert sweeper.figures["open_descriptors"] <= max(budget, 1)
            sweeper.close()
        assert set(rows[0]) == set(rows[1])


def test_another_user_reads_the_same_figures() -> None:
    with tempfile.TemporaryDirectory() as links, Groups(Path(links)) as groups:
        Path(links).chmod(0o755)
        group = groups.add("exec sleep 100", own_network=True)
        names = FakeNames()
        names.known[group.path[1:]] = Naming("a")
        shapes = []
        for user in (0, 65534):
            os.seteuid(user)
            try:
                sweeper = Sweeper({}, Path("/proc"), groups.root, names, 100)
                shapes.append([(r.series.key, set(r.fields)) for r in sweeper.sweep(ALL)])
                assert sweeper.figures["sweep_errors_total"] == 0
                sweeper.close()
            finally:
                os.seteuid(0)
        assert shapes[0] == shapes[1]
        assert any("interface=eth0" in key for key, _ in shapes[0])


def test_a_limit_that_is_written_after_the_start_is_read_soon(node: Node) -> None:
    slow = Due(slow=True, limits=False)
    group = node.add("exec sleep 100", "late")
    assert "spec_cpu_quota" not in row(node.sweep(slow), "late").fields

    if node.groups.is_v2:
        (group.directories[0] / "cpu.max").write_text("50000 100000")
    else:
        (group.directories[0] / "cpu.cfs_quota_us").write_text("50000")

    assert row(node.sweep(slow), "late").fields["spec_cpu_quota"] == 50000
