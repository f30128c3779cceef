"""What is there now: containers and nodes of the newest sweep, and what leaves the list."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.query import containers, nodes
from monitor.query.nodes import NodeKey
from tests.monitor.query.fake_reader import T0, FakeReader, S

MIB = 1 << 20


def sweep(reader: FakeReader, node: str, at: float, *names: str, cores: float = 0.5) -> None:
    """One sweep of a node, whose own row is read last."""
    for i, name in enumerate(names):
        tags = f"cluster=c node={node} namespace=shop container={name}"
        start = {"start_time_seconds": T0 - 500.0}
        reader.add(
            "container",
            tags,
            at + i / 1000,
            cpu_usage_seconds_total=1000 + cores * at,
            memory_working_set_bytes=64 * MIB,
            memory_usage_bytes=80 * MIB,
            processes=3,
            **start,
        )
    reader.add(
        "node",
        f"cluster=c node={node}",
        at + 0.1,
        cpu_usage_seconds_total=5000 + 1.5 * at,
        memory_working_set_bytes=3 << 30,
        memory_MemTotal_bytes=4 << 30,
    )
    reader.add("node", f"cluster=c node={node} mode=user", at + 0.1, cpu_seconds_total=1.0)


def machine(reader: FakeReader, node: str, at: float) -> None:
    reader.add("machine", f"cluster=c node={node}", at, cpu_cores=4, memory_bytes=4 << 30)


def now(reader: FakeReader, at: float) -> dict[tuple[str, str], dict[str, Any]]:
    """The containers at T0 + `at` by node and name."""
    time_ns = round((T0 + at) * S)
    rows = containers.containers(reader, nodes.nodes(reader, time_ns), time_ns)
    return {(row["node"], row["container"]): row for row in rows}


def counts(reader: FakeReader, at: float) -> dict[str, int]:
    time_ns = round((T0 + at) * S)
    found = containers.count(reader, nodes.nodes(reader, time_ns), time_ns)
    return {key.node: number for key, number in found.items()}


def test_a_row_has_every_figure_and_its_base() -> None:
    reader = FakeReader()
    machine(reader, "a", -200)
    web = "cluster=c node=a namespace=shop container=web"
    for at in (0, 10, 20):
        sweep(reader, "a", at, "web")
        start = {"start_time_seconds": T0 - 500.0}
        for name, base in (("eth0", 100), ("eth1", 1000)):
            counts = {"network_receive_bytes_total": at * base, "network_transmit_bytes_total": at}
            reader.add("container", f"{web} interface={name}", at, **counts, **start)
        block = {"fs_reads_bytes_total": 0, "fs_writes_bytes_total": at * 4096}
        reader.add("container", f"{web} device=sda", at, **block, **start)
    limits = {
        "spec_cpu_quota": 200_000,
        "spec_cpu_period": 100_000,
        "spec_memory_limit_bytes": 128 * MIB,
    }
    reader.add("container", web, -40, **limits, start_time_seconds=T0 - 500.0)
    reader.add("container_info", web, -290, id="old", image="web:1", runtime="docker")
    reader.add("container_info", web, -10, id="f00", image="web:2", runtime="docker")
    reader.add("container_info", web, -5, id="f00", image="", runtime="docker")
    assert now(reader, 21)["a", "web"] == {
        "cluster": "c",
        "node": "a",
        "namespace": "shop",
        "pod": "",
        "container": "web",
        "id": "f00",
        "image": "web:2",
        "runtime": "docker",
        "start_time_seconds": T0 - 500.0,
        "last_seen_seconds": 1.0,
        "cpu_cores": pytest.approx(0.5),
        "cpu_limit_cores": 2.0,
        "cpu_of_limit": pytest.approx(0.25),
        "cpu_of_node": pytest.approx(0.125),
        "memory_working_set_bytes": 64 * MIB,
        "memory_usage_bytes": 80 * MIB,
        "memory_limit_bytes": 128 * MIB,
        "memory_of_limit": 0.5,
        "network_receive_bytes_per_second": pytest.approx(1100),
        "network_transmit_bytes_per_second": pytest.approx(2),
        "fs_reads_bytes_per_second": 0,
        "fs_writes_bytes_per_second": 4096,
        "processes": 3,
    }


def test_what_is_unknown_or_unlimited_is_null() -> None:
    reader = FakeReader()
    sweep(reader, "a", 0, "web")
    row = now(reader, 1)["a", "web"]
    nulls = {name for name, value in row.items() if value is None}
    assert nulls == {
        *("id", "image", "runtime", "cpu_cores", "cpu_limit_cores", "cpu_of_limit", "cpu_of_node"),
        *("memory_limit_bytes", "memory_of_limit"),
        *("network_receive_bytes_per_second", "network_transmit_bytes_per_second"),
        *("fs_reads_bytes_per_second", "fs_writes_bytes_per_second"),
    }


@pytest.mark.parametrize("interval", [1, 10, 30, 60, 300])
def test_a_stopped_container_leaves_with_the_second_sweep_without_it(interval: int) -> None:
    reader = FakeReader()
    for n in range(-4, 1):
        sweep(reader, "a", n * interval, "web", "db")
    assert set(now(reader, 0.5)) == {("a", "web"), ("a", "db")}
    sweep(reader, "a", interval, "db")
    sweep(reader, "a", 2 * interval, "db")
    assert set(now(reader, 2 * interval + 0.5)) == {("a", "db")}
    assert counts(reader, 2 * interval + 0.5) == {"a": 1}
    assert now(reader, 2 * interval + 0.5)["a", "db"]["cpu_cores"] == pytest.approx(0.5)


def test_equal_names_on_two_nodes_are_two_containers() -> None:
    reader = FakeReader()
    for at in (0, 10, 20):
        sweep(reader, "a", at, "web", cores=0.25)
        sweep(reader, "b", at, "web", cores=2)
    found = now(reader, 21)
    assert found["a", "web"]["cpu_cores"] == pytest.approx(0.25)
    assert found["b", "web"]["cpu_cores"] == pytest.approx(2)


def test_a_silent_nodes_containers_stay_with_their_age() -> None:
    reader = FakeReader()
    machine(reader, "a", 0)
    machine(reader, "b", 0)
    for at in range(0, 301, 10):
        sweep(reader, "a", at, "web")
        if at <= 100:
            sweep(reader, "b", at, "gone", "web") if at <= 50 else sweep(reader, "b", at, "web")
    found = now(reader, 301)
    assert set(found) == {("a", "web"), ("b", "web")}
    assert found["b", "web"]["last_seen_seconds"] == pytest.approx(201)
    assert found["b", "web"]["cpu_cores"] == pytest.approx(0.5)
    assert counts(reader, 301) == {"a": 1, "b": 1}
    assert {row[0] for row in now(reader, 1000)} == set()


def test_a_restarted_container_shows_its_newest_start_and_no_spike() -> None:
    reader = FakeReader()
    tags = "cluster=c node=a namespace=shop container=web"
    sweep(reader, "a", 0, "web")
    sweep(reader, "a", 10)
    sweep(reader, "a", 20)
    started = {"start_time_seconds": T0 + 15.0}
    reader.add("container", tags, 20, cpu_usage_seconds_total=2.0, **started)
    row = now(reader, 21)["a", "web"]
    assert row["start_time_seconds"] == T0 + 15
    assert row["cpu_cores"] == pytest.approx(0.1)


def test_an_interface_that_went_away_counts_no_more() -> None:
    reader = FakeReader()
    tags = "cluster=c node=a namespace=shop container=web interface="
    for at in range(0, 61, 10):
        sweep(reader, "a", at, "web")
        for name in ("eth0", "eth1") if at <= 40 else ("eth0",):
            reader.add("container", tags + name, at, network_receive_bytes_total=at * 10)
    assert now(reader, 61)["a", "web"]["network_receive_bytes_per_second"] == pytest.approx(10)


def test_interfaces_that_are_read_more_rarely_than_the_cpu_count() -> None:
    reader = FakeReader()
    for at in range(40):
        sweep(reader, "a", at, "web")
        if at % 10 == 0:
            tags = "cluster=c node=a namespace=shop container=web interface=eth0"
            reader.add("container", tags, at, network_receive_bytes_total=at * 10)
    for at in (38.2, 39.5):
        row = now(reader, at)["a", "web"]
        assert row["network_receive_bytes_per_second"] == pytest.approx(10)


def test_a_node_without_rows_of_its_own_is_as_new_as_its_newest_container() -> None:
    reader = FakeReader()
    for at in (0, 10, 20, 30):
        reader.add("container", "node=k container=web", at, cpu_usage_seconds_total=at)
        if at < 10:
            reader.add("container", "node=k container=gone", at, cpu_usage_seconds_total=at)
    assert set(now(reader, 31)) == {("k", "web")}


def test_nodes_have_their_size_and_age() -> None:
    reader = FakeReader()
    machine(reader, "a", -100)
    for at in (0, 10, 20):
        sweep(reader, "a", at, "web", "db")
    known = nodes.nodes(reader, (T0 + 23) * S)
    node = known[NodeKey("c", "a")]
    assert (node.cpu_count, node.memory_bytes) == (4, 4 << 30)
    assert node.cpu_cores == pytest.approx(1.5)
    assert node.memory_working_set_bytes == 3 << 30
    assert node.spacing_ns == 10 * S
    assert counts(reader, 23) == {"a": 2}


def test_a_node_whose_clock_is_ahead_is_there() -> None:
    reader = FakeReader()
    for at in (30, 40, 50):
        sweep(reader, "a", at, "web")
    row = now(reader, 25)["a", "web"]
    assert row["last_seen_seconds"] == 0
    assert row["cpu_cores"] == pytest.approx(0.5)


def test_an_empty_store_has_nothing() -> None:
    assert now(FakeReader(), 0) == {}
    assert counts(FakeReader(), 0) == {}
