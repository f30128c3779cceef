"""A namespace's row is the sum of its containers, whatever comes and goes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.namespace_sums import NamespaceSums
from monitor.catalogue import CATALOGUE
from monitor.record import Record, Series, Value

NS = 10**9
IDENTITY = {"cluster": "c", "node": "n1"}
BEGAN = 1000.0


def row(seconds: float, name: str = "a", namespace: str | None = "shop", **fields: Value) -> Record:
    tags = {**IDENTITY, "namespace": namespace, "container": name}
    tags |= {tag: str(fields.pop(tag)) for tag in ("interface", "device") if tag in fields}
    return Record(Series.of("container", tags), fields, int(seconds * NS))


def sums() -> NamespaceSums:
    return NamespaceSums(IDENTITY, BEGAN)


def only(sums: NamespaceSums, seconds: float) -> dict[str, Value]:
    (record,) = sums.rows(int(seconds * NS))
    return dict(record.fields)


def test_counters_add_up_from_the_first_sample_on() -> None:
    one = sums()
    one.take([row(1010, "a", cpu_usage_seconds_total=50.0, start_time_seconds=10.0)])
    one.take([row(1010, "b", cpu_usage_seconds_total=7.0, start_time_seconds=20.0)])
    assert only(one, 1010)["cpu_usage_seconds_total"] == 0
    one.take([row(1020, "a", cpu_usage_seconds_total=51.5, start_time_seconds=10.0)])
    one.take([row(1020, "b", cpu_usage_seconds_total=7.25, start_time_seconds=20.0)])
    assert only(one, 1020)["cpu_usage_seconds_total"] == 1.75


def test_a_container_that_came_later_counts_from_its_start_and_stays_counted() -> None:
    one = sums()
    one.take([row(1010, "a", cpu_usage_seconds_total=5.0, start_time_seconds=10.0)])
    one.take([row(1012, "short", cpu_usage_seconds_total=1.5, start_time_seconds=1011.0)])
    assert only(one, 1020)["cpu_usage_seconds_total"] == 1.5
    one.take([row(1020, "a", cpu_usage_seconds_total=5.5, start_time_seconds=10.0)])
    assert only(one, 1030)["cpu_usage_seconds_total"] == 2.0


def test_a_restart_counts_what_came_after_it() -> None:
    one = sums()
    for seconds, value, start in ((1010, 5.0, 10.0), (1020, 9.0, 1015.0), (1030, 9.5, 1015.0)):
        one.take([row(seconds, cpu_usage_seconds_total=value, start_time_seconds=start)])
    assert only(one, 1030)["cpu_usage_seconds_total"] == 9.5


def test_gauges_are_of_those_that_are_there_and_last_over_the_fast_ticks() -> None:
    one = sums()
    one.take([row(1010, "a", memory_usage_bytes=100, memory_working_set_bytes=80)])
    one.take([row(1010, "b", memory_usage_bytes=10, memory_working_set_bytes=8)])
    fields = only(one, 1010)
    assert (fields["memory_usage_bytes"], fields["memory_working_set_bytes"]) == (110, 88)
    assert fields["containers"] == 2
    one.take([row(1011, "a", memory_usage_bytes=120)])
    fields = only(one, 1011)
    assert (fields["memory_usage_bytes"], fields["memory_working_set_bytes"]) == (120, 80)
    assert fields["containers"] == 1


def test_interfaces_and_devices_of_the_slow_tier_are_not_new_at_each_of_its_ticks() -> None:
    one = sums()
    for seconds in range(1010, 1041):
        rows = [row(seconds, cpu_usage_seconds_total=0.0, start_time_seconds=1005.0)]
        if seconds % 10 == 0:
            received = (seconds - 1000) * 100
            for name in ("eth0", "eth1"):
                fields: dict[str, Value] = {"interface": name, "start_time_seconds": 1005.0}
                rows.append(row(seconds, **fields, network_receive_bytes_total=received))
        one.take(rows)
        fields = only(one, seconds)
    assert fields["network_receive_bytes_total"] == 2 * 4000


def test_what_has_no_namespace_belongs_to_none() -> None:
    one = sums()
    one.take([row(1010, namespace=None, memory_usage_bytes=1)])
    assert one.rows(1010 * NS) == []


def test_an_empty_namespace_is_forgotten_and_a_new_one_counts_anew() -> None:
    one = sums()
    one.take([row(1010, cpu_usage_seconds_total=1.0, start_time_seconds=1009.0)])
    assert only(one, 1010)["start_time_seconds"] == 1010
    assert one.rows(1100 * NS) == []
    assert one.rows(1200 * NS) == []
    one.take([row(1300, cpu_usage_seconds_total=3.0, start_time_seconds=1299.0)])
    fields = only(one, 1300)
    assert (fields["cpu_usage_seconds_total"], fields["start_time_seconds"]) == (3.0, 1300)


def test_every_field_is_in_the_catalogue() -> None:
    one = sums()
    every = {m.field: 1 for m in CATALOGUE.values() if m.measurement == "container"}
    one.take([row(1010, **every)])
    assert {f"namespace_{name}" for name in only(one, 1010)} <= CATALOGUE.keys()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 100)), max_size=40))
def test_a_total_never_falls(steps: list[tuple[int, int]]) -> None:
    one = sums()
    last = 0.0
    for second, (who, value) in enumerate(steps, 1001):
        one.take([row(second, f"c{who}", cpu_usage_seconds_total=value, start_time_seconds=1.0)])
        total = only(one, second)["cpu_usage_seconds_total"]
        assert isinstance(total, int | float)
        assert total >= last
        last = total
