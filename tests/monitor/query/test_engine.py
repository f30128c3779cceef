"""The engine against a store in memory: windows, sums, the top, and what it reads."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from monitor.errors import BadRequest
from monitor.query import engine, model
from monitor.query.effort import Effort
from monitor.query.engine import Answer, round_step_ns
from monitor.rates import Sample, window
from monitor.stores.protocols import Samples
from tests.monitor.query.fake_reader import T0, FakeReader, S

CPU = "container_cpu_usage_seconds_total"
FIELD = "cpu_usage_seconds_total"
MEMORY = "container_memory_working_set_bytes"


def ask(reader: FakeReader, now: float = 60, **values: str) -> Answer:
    defaults = {"metric": CPU, "start": str(T0), "end": str(T0 + 60), "step": "10"}
    query = model.parse(MultiDict(defaults | values), round((T0 + now) * S))
    return engine.run(query, reader)


def rows(answer: Answer) -> list[list[float | None]]:
    return [[None if math.isnan(x) else round(x, 9) for x in row] for row in answer.values.tolist()]


def counter(
    reader: FakeReader, tags: str, cores: float, first: int = -20, last: int = 80, **more: float
) -> None:
    for at in range(first, last + 1, 10):
        reader.add("container", tags, at, **{FIELD: 100 + cores * (at + 20)}, **more)


@pytest.fixture
def two_nodes() -> FakeReader:
    """Containers of equal names on two nodes, and rows that are not about CPU."""
    reader = FakeReader()
    counter(reader, "node=a container=web", 0.5, start_time_seconds=T0 - 1000.0)
    counter(reader, "node=a container=db", 2, start_time_seconds=T0 - 1000.0)
    counter(reader, "node=b container=web", 1, start_time_seconds=T0 - 1000.0)
    for at in range(0, 60, 10):
        for part in ("interface=eth0", "device=sda"):
            tags = f"node=a container=web {part}"
            reader.add("container", tags, at, start_time_seconds=T0 - 1000.0)
    return reader


def test_without_by_each_stored_series_is_one(two_nodes: FakeReader) -> None:
    answer = ask(two_nodes)
    assert answer.labels == [
        {"container": "db", "node": "a"},
        {"container": "web", "node": "a"},
        {"container": "web", "node": "b"},
    ]
    assert rows(answer) == [[2.0] * 6, [0.5] * 6, [1.0] * 6]
    assert answer.unit == "cores"


def test_rows_of_interfaces_and_devices_are_not_read(two_nodes: FakeReader) -> None:
    ask(two_nodes)
    assert two_nodes.read == 3 * 11


def test_by_sums_over_the_other_tags(two_nodes: FakeReader) -> None:
    answer = ask(two_nodes, by="node")
    assert answer.labels == [{"node": "a"}, {"node": "b"}]
    assert rows(answer) == [[2.5] * 6, [1.0] * 6]
    assert rows(ask(two_nodes, by="")) == [[3.5] * 6]
    assert ask(two_nodes, by="").labels == [{}]


def test_a_tag_that_a_series_lacks_is_no_label(two_nodes: FakeReader) -> None:
    counter(two_nodes, "node=c namespace=x container=web", 1)
    assert ask(two_nodes, by="namespace").labels == [{}, {"namespace": "x"}]


def test_the_top_are_those_with_the_highest_mean(two_nodes: FakeReader) -> None:
    answer = ask(two_nodes, top="2")
    assert [labels["container"] for labels in answer.labels] == ["db", "web"]
    assert rows(answer) == [[2.0] * 6, [1.0] * 6]


def test_matchers_select(two_nodes: FakeReader) -> None:
    assert rows(ask(two_nodes, match='container="web",node!="a"')) == [[1.0] * 6]
    assert rows(ask(two_nodes, match='container=~"w.*"', by="container")) == [[1.5] * 6]
    assert rows(ask(two_nodes, match='container="none"')) == []
    assert rows(ask(two_nodes, match='container="none"', by="node", top="3")) == []


def test_a_sum_is_null_only_where_all_are(two_nodes: FakeReader) -> None:
    reader = FakeReader()
    counter(reader, "node=a container=web", 1, last=20)
    counter(reader, "node=a container=db", 1, first=10, last=40)
    assert rows(ask(reader, by="node")) == [[1.0, 2.0, 1.0, 1.0, None, None]]


def test_series_without_any_value_in_the_range_are_left_out() -> None:
    reader = FakeReader()
    counter(reader, "node=a container=gone", 1, first=-100, last=-20)
    counter(reader, "node=a container=here", 1)
    assert [labels["container"] for labels in ask(reader).labels] == ["here"]


def test_edges_are_proportional_for_samples_beyond_them_are_read() -> None:
    reader = FakeReader()
    for at, value in ((-7, 0), (3, 10), (13, 10), (23, 10), (33, 10), (43, 10), (53, 10), (63, 20)):
        reader.add("container", "node=a container=web", at, **{FIELD: value})
    assert rows(ask(reader)) == [[0.3, 0, 0, 0, 0, 0.7]]


def test_a_restart_is_neither_negative_nor_a_spike() -> None:
    reader = FakeReader()
    tags = "node=a container=web"
    for at, value, start in ((0, 900, -50), (10, 905, -50), (20, 3, 16), (30, 8, 16), (40, 13, 16)):
        reader.add("container", tags, at, **{FIELD: value}, start_time_seconds=float(T0 + start))
    assert rows(ask(reader, end=str(T0 + 40))) == [[0.5, 0.3, 0.5, 0.5]]
    assert rows(ask(reader, end=str(T0 + 40), fn="increase")) == [[5, 3, 5, 5]]


def test_gauges_are_summed_too() -> None:
    reader = FakeReader()
    for at in range(0, 60, 10):
        reader.add("container", "node=a container=web", at, memory_working_set_bytes=100 + at)
        reader.add("container", "node=a container=db", at + 1, memory_working_set_bytes=1000)
    asked = {"metric": MEMORY, "step": "20", "by": "node"}
    assert rows(ask(reader, **asked, fn="last")) == [[1110, 1130, 1150]]
    assert rows(ask(reader, **asked, fn="mean")) == [[1105, 1125, 1145]]
    assert rows(ask(reader, **asked, fn="max")) == [[1110, 1130, 1150]]


def test_the_last_bucket_is_whole_though_the_range_ends_in_it() -> None:
    reader = FakeReader()
    counter(reader, "node=a container=web", 1)
    answer = ask(reader, end=str(T0 + 55))
    assert answer.buckets.count == 6
    assert rows(answer) == [[1.0] * 6]


def test_relative_ranges_have_edges_on_multiples_of_the_step() -> None:
    reader = FakeReader()
    counter(reader, "node=a container=web", 1)
    first = ask(reader, now=61, start="-40s", end="now").buckets
    later = ask(reader, now=69, start="-40s", end="now").buckets
    assert first == later
    assert first.start_ns == (T0 + 30) * S
    assert first.count == 4


@pytest.mark.parametrize(
    ("range_", "step"),
    [("5s", 10), ("10m", 10), ("1h", 10), ("6h", 60), ("30d", 7200), ("31d", 10800)],
)
def test_the_default_step_is_round_with_360_points_and_a_sample_in_each(
    range_: str, step: int
) -> None:
    reader = FakeReader()
    counter(reader, "node=a container=web", 1)
    query = model.parse(MultiDict({"metric": CPU, "start": f"-{range_}"}), (T0 + 63) * S)
    buckets = engine.run(query, reader).buckets
    assert buckets.step_ns == step * S
    assert buckets.count <= 360


@given(st.floats(1, 4e16))
def test_a_round_step_is_long_enough(least: float) -> None:
    step = round_step_ns(least)
    assert step >= least
    assert step % S == 0


class Long(FakeReader):
    """Two containers of one core, read every 10 s for ever."""

    def select(self, *args: object, **kwargs: object) -> Iterator[Samples]:
        times = np.arange(args[3], args[4], 10 * S)
        columns = {"cpu_usage_seconds_total": times * 1e-9, "start_time_seconds": times * 0.0}
        yield from (Samples({"node": name}, times, columns) for name in "ab")


def test_a_long_range_is_answered_however_many_samples_it_has() -> None:
    answer = ask(Long(), start="-366d", end="now", step="1d", by="")
    assert answer.values[0].tolist() == pytest.approx([2.0] * 366)


def test_too_many_samples_in_one_slice_are_refused() -> None:
    reader = FakeReader()
    counter(reader, "node=a container=web", 1)
    limited = Limited(reader, 10)
    assert len(ask(limited, match='container="db"').labels) == 0
    with pytest.raises(BadRequest, match="more than 10 samples"):
        ask(limited)


class Limited:
    """A store that takes the engine's limit for a much smaller one."""

    def __init__(self, reader: FakeReader, limit: int) -> None:
        self._reader = reader
        self._limit = limit

    def select(self, *args: Any) -> Iterator[Samples]:
        assert args[5] == engine.MAX_SAMPLES
        return self._reader.select(*args[:5], self._limit)

    def close(self) -> None: ...


def test_a_query_that_takes_too_long_is_refused() -> None:
    now = itertools.count()
    query = model.parse(MultiDict({"metric": CPU, "start": "-366d", "step": "1d"}), T0 * S)
    with pytest.raises(BadRequest, match="longer than 25 s") as caught:
        engine.run(query, Long(), Effort(clock=lambda: float(next(now))))
    assert "shorter range" in caught.value.hint
    assert next(now) < 40


def test_fields_of_a_rarer_tier_have_their_own_default_step() -> None:
    reader = FakeReader()
    for at in range(-300, 61, 5):
        rare = {"fs_reads_bytes_total": at * 10} if at % 20 == 0 else {}
        start = {"start_time_seconds": float(T0 - 900)}
        reader.add("container", "node=a container=web device=sda", at, **rare, **start)
    for range_ in ("4m", "6h"):
        asked = {"metric": "container_fs_reads_bytes_total", "start": f"-{range_}", "match": ""}
        query = model.parse(MultiDict(asked), (T0 + 63) * S)
        answer = engine.run(query, reader)
        assert answer.buckets.step_ns == (20 * S if range_ == "4m" else 60 * S)
        known = answer.values[0][~np.isnan(answer.values[0])]
        assert known == pytest.approx([10.0] * len(known))


def test_an_answer_that_is_too_large_is_refused() -> None:
    reader = FakeReader()
    for i in range(200):
        for at in (0, 10):
            reader.add("container", f"node=a container=c{i}", at, **{FIELD: at})
    with pytest.raises(BadRequest, match="2000000 values") as caught:
        ask(reader, end=str(T0 + 1001), step="0.1")
    assert "by=" in caught.value.hint
    assert len(ask(reader, end=str(T0 + 1001), step="0.1", by="node").labels) == 1


def test_chunks_of_series_and_slices_of_time_change_nothing() -> None:
    reader = FakeReader()
    for i in range(7):
        counter(reader, f"node=n{i % 2} container=c{i}", i)
    for by in ({}, {"by": "node"}):
        query = model.parse(
            MultiDict({"metric": CPU, "start": str(T0), "end": str(T0 + 60)} | by), T0 * S
        )
        whole = engine.run(query, reader)
        for parts in (
            engine.run(query, reader, chunk_samples=20),
            engine.run(query, reader, slice_ns=20 * S),
            engine.run(query, reader, slice_ns=1),
        ):
            assert parts.labels == whole.labels
            assert np.allclose(parts.values, whole.values)


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, list[Sample]]:
    """Some containers' samples, with missed sweeps, gaps and restarts."""
    fleet = {}
    for name in draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True)):
        at, value, start, samples = draw(st.integers(-100, 20)), 0.0, T0 - 500.0, []
        for _ in range(draw(st.integers(1, 12))):
            at += draw(st.sampled_from([10, 10, 10, 11, 20, 50]))
            value += draw(st.floats(0, 50))
            if draw(st.integers(0, 7)) == 0:
                start, value = T0 + at - 1.0, draw(st.floats(0, 2))
            samples.append(Sample((T0 + at) * S, value, start))
        fleet[name] = samples
    return fleet


@given(fleets(), st.integers(7, 70))
def test_the_engine_agrees_with_a_plain_evaluator(
    fleet: dict[str, list[Sample]], step: int
) -> None:
    reader = FakeReader()
    for name, samples in fleet.items():
        for sample in samples:
            at = sample.time_ns / S - T0
            fields = {FIELD: sample.value, "start_time_seconds": sample.start_seconds or 0.0}
            reader.add("container", f"node=a container={name}", at, **fields)
    answer = ask(reader, step=str(step), by="node")
    count = -(-60 // step)
    low, high = (T0 - 120) * S, (T0 + count * step + 120) * S
    rates = [
        [
            b.rate
            for b in window(
                [s for s in samples if low <= s.time_ns <= high], T0 * S, step * S, count
            )
        ]
        for samples in fleet.values()
    ]
    wanted = [
        sum(known) if (known := [r for r in bucket if r is not None]) else math.nan
        for bucket in zip(*rates, strict=True)
    ]
    if all(map(math.isnan, wanted)):
        assert answer.labels == []
    else:
        assert answer.values[0].tolist() == pytest.approx(wanted, rel=1e-9, nan_ok=True)


def test_the_sum_of_rates_is_the_increase_of_the_counters(two_nodes: FakeReader) -> None:
    answer = ask(two_nodes, by="", step="7", end=str(T0 + 63))
    assert answer.values.sum() * 7 == pytest.approx(3.5 * 63, rel=1e-9)
