"""Samples come from the log: the right ones, whole, and of this run of the container."""

from __future__ import annotations

import pytest

from collector.cadvisor import history
from collector.cadvisor.containers import Node, Tree
from collector.cadvisor.history import History
from collector.cadvisor.requests import Window
from collector.cadvisor.samples import Point, Sample
from monitor.edgelog import Span
from tests.collector.cadvisor.recorded import SECOND, T0, WEB_PATH, Recorded, container, info

ETH0 = (("interface", "eth0"),)


def cpu(number: int, more: str = "") -> str:
    return container(f"cpu_usage_seconds_total={number}.0{more}")


def node(recorded: Recorded, name: str = WEB_PATH) -> Node:
    return Tree(recorded.latest.rows()).get(name)


def samples(recorded: Recorded, window: Window, name: str = WEB_PATH) -> list[Sample]:
    ((_, found),) = History(recorded.log).samples([node(recorded, name)], window)
    return found


def seconds(found: list[Sample]) -> list[int]:
    return [(sample.time_ns - T0) // SECOND for sample in found]


def every_second(recorded: Recorded, count: int) -> None:
    """At each whole ten seconds the slow tier, at all others CPU time alone."""
    for second in range(count):
        slow = f",memory_rss={second}i" if second % 10 == 0 else ""
        lines = [cpu(second, slow), info()]
        if slow:
            received = f"network_receive_bytes_total={second}i"
            lines.append(container(received, more=",interface=eth0"))
        recorded.sweep(T0 + second * SECOND, *lines)


def test_the_newest_come_oldest_first(recorded: Recorded) -> None:
    every_second(recorded, 100)
    assert seconds(samples(recorded, Window(3))) == [97, 98, 99]
    assert seconds(samples(recorded, Window(1000))) == list(range(100))
    assert seconds(samples(recorded, Window(-1))) == list(range(100))
    assert samples(recorded, Window(0)) == []


def test_a_window_has_both_ends(recorded: Recorded) -> None:
    every_second(recorded, 100)
    window = Window(60, T0 + 40 * SECOND, T0 + 43 * SECOND)
    assert seconds(samples(recorded, window)) == [40, 41, 42, 43]
    assert seconds(samples(recorded, Window(2, end_ns=T0 + 43 * SECOND))) == [42, 43]
    assert samples(recorded, Window(60, start_ns=T0 + 100 * SECOND)) == []


def test_figures_of_the_slow_tier_stand_as_they_were_last_read(recorded: Recorded) -> None:
    every_second(recorded, 100)
    for sample in samples(recorded, Window(60)):
        second = (sample.time_ns - T0) // SECOND
        read = second - second % 10
        assert sample.fields["cpu_usage_seconds_total"] == second
        assert sample.fields["memory_rss"] == read
        assert sample.parts[ETH0]["network_receive_bytes_total"] == read


def test_an_interface_that_is_gone_leaves(recorded: Recorded) -> None:
    recorded.sweep(
        T0, cpu(0), info(), container("network_receive_bytes_total=1i", more=",interface=eth0")
    )
    for second in range(10, 70, 10):
        recorded.sweep(T0 + second * SECOND, cpu(second))
    kept = [ETH0 in sample.parts for sample in samples(recorded, Window(60))]
    assert kept == [True, True, True, True, False, False, False]


def test_the_use_of_a_layer_stands_though_it_is_seldom_found(recorded: Recorded) -> None:
    layer = container("fs_usage_bytes=5i", more=",device=vda")
    recorded.sweep(T0, cpu(0), info(), layer)
    for second in range(10, 600, 10):
        reads = container(f"fs_reads_bytes_total={second}i", more=",device=vda")
        recorded.sweep(T0 + second * SECOND, cpu(second), reads)
    first, *_, last = samples(recorded, Window(3))
    vda = (("device", "vda"),)
    assert first.parts[vda] == {"fs_usage_bytes": 5, "fs_reads_bytes_total": 570}
    assert last.parts[vda] == {"fs_usage_bytes": 5, "fs_reads_bytes_total": 590}


def test_the_time_is_that_of_the_reading_and_not_of_the_sweep(recorded: Recorded) -> None:
    recorded.sweep(T0, f"{cpu(1)} {T0 + 1234567}", info())
    assert [sample.time_ns for sample in samples(recorded, Window(1))] == [T0 + 1234567]


def test_a_sweep_that_is_several_records_is_one_sample(recorded: Recorded) -> None:
    recorded.sweep(T0, container("network_receive_bytes_total=5i", more=",interface=eth0"))
    recorded.sweep(T0, cpu(1), info())
    (only,) = samples(recorded, Window(60))
    assert only.parts[ETH0] == {"network_receive_bytes_total": 5}


def test_of_a_container_that_started_anew_only_this_run(recorded: Recorded) -> None:
    for second in (0, 10, 20):
        recorded.sweep(
            T0 + second * SECOND, cpu(second, ",start_time_seconds=1600000000.0"), info()
        )
    start = (T0 + 25 * SECOND) / 1e9
    for second in (30, 40):
        recorded.sweep(T0 + second * SECOND, cpu(second, f",start_time_seconds={start!r}"))
    assert seconds(samples(recorded, Window(60))) == [30, 40]
    (points,) = History(recorded.log).points([node(recorded)], Span()).values()
    assert len(points) == 0  # no working set was ever read


def test_hostile_names_get_their_own_rows_only(recorded: Recorded) -> None:
    odd = r"we\ b\,x\=1"
    recorded.sweep(
        T0,
        cpu(1),
        info(),
        container("cpu_usage_seconds_total=2.0", odd),
        info(odd, "/docker/odd", "odd"),
    )
    (sample,) = samples(recorded, Window(60), "/docker/odd")
    assert sample.fields["cpu_usage_seconds_total"] == 2.0


def test_many_containers_come_in_batches_and_in_order(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BATCH_SAMPLES", 10)
    for second in range(0, 50, 10):
        lines = [
            line
            for number in range(7)
            for line in (
                container(f"cpu_usage_seconds_total={100 * number + second}.0", f"c{number}"),
                info(f"c{number}", f"/docker/{number}", str(number)),
            )
        ]
        recorded.sweep(T0 + second * SECOND, *lines)
    nodes = Tree(recorded.latest.rows()).subtree("/docker")
    found = {
        node.name: [s.fields["cpu_usage_seconds_total"] for s in samples]
        for node, samples in History(recorded.log).samples(nodes, Window(3))
    }
    assert found["/docker"] == []
    assert [found[f"/docker/{n}"] for n in range(7)] == [
        [100 * n + 20, 100 * n + 30, 100 * n + 40] for n in range(7)
    ]


def test_there_is_a_most_of_samples_and_of_bytes(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_second(recorded, 60)
    monkeypatch.setattr(history, "MOST_OF_ONE", 7)
    assert seconds(samples(recorded, Window(-1))) == list(range(53, 60))
    monkeypatch.setattr(history, "MOST_IN_ALL", 4)
    assert seconds(samples(recorded, Window(50))) == [56, 57, 58, 59]
    monkeypatch.setattr(history, "MOST_DECODED_BYTES", 1)
    assert seconds(samples(recorded, Window(50))) == [59]


def test_points_are_cpu_and_memory_at_steps(recorded: Recorded) -> None:
    for second in range(35):
        slow = f",memory_working_set_bytes={second}i" if second % 10 == 0 else ""
        recorded.sweep(T0 + second * SECOND, cpu(second, slow), info())
    (points,) = History(recorded.log).points([node(recorded)], Span(step_ns=10 * SECOND)).values()
    assert points == [
        Point(T0 + at * SECOND, at * SECOND, memory)
        for at, memory in ((0, 0), (10, 10), (20, 20), (30, 30), (34, 30))
    ]
