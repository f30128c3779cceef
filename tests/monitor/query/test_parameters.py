"""Every bad parameter is refused by name, with a hint of what would be right."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from monitor.errors import BadRequest
from monitor.query import explain, model

S = 1_000_000_000
NOW = 1_700_000_000 * S
CPU = "container_cpu_usage_seconds_total"


def parse(**values: str) -> model.Query:
    return model.parse(MultiDict({"metric": CPU, **values}), NOW)


def test_the_defaults_are_the_rate_of_the_last_hour() -> None:
    query = parse()
    assert (query.fn, query.by, query.matchers, query.top) == ("rate", None, (), None)
    assert (query.start_ns, query.end_ns) == (NOW - 3600 * S, NOW)
    assert query.step_ns is None
    assert query.aligned


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("-15m", 900), ("-90s", 90), ("now-2h", 7200), ("-1.5h", 5400), ("-7d", 604800)],
)
def test_relative_times(text: str, seconds: int) -> None:
    assert parse(start=text).start_ns == NOW - seconds * S


def test_absolute_times_are_kept_to_the_nanosecond_of_the_buckets() -> None:
    query = parse(start="1699999000.5", end="1699999990", step="0.5")
    assert (query.start_ns, query.end_ns) == (1699999000_500000000, 1699999990 * S)
    assert (query.step_ns, query.aligned) == (S // 2, False)


def test_durations_have_units_too() -> None:
    assert parse(step="1m").step_ns == 60 * S


def test_by_names_tags_once_each_and_nothing_means_one_total() -> None:
    assert parse(by="node, container,node").by == ("node", "container")
    assert parse(by="").by == ()


BAD = [
    ({"metric": "container_cpu_usage_seconds"}, "metric", CPU),
    ({"metric": ""}, "metric", CPU),
    ({"metric": "x; DROP DATABASE weir"}, "metric", "such as"),
    ({"fn": "irate"}, "fn", "rate, increase, last, mean, max"),
    ({"metric": "container_memory_usage_bytes", "fn": "rate"}, "fn", "last, mean or max"),
    ({"by": "contaner"}, "by", "container"),
    ({"by": "interface"}, "by", "labels here"),
    ({"match": 'nod="a"'}, "match", "node"),
    ({"match": "container=web"}, "match", 'label="value"'),
    ({"match": 'container=~"("'}, "match", "="),
    ({"start": "yesterday"}, "start", "-15m"),
    ({"start": "-900"}, "start", "-15m"),
    ({"start": "-99999w"}, "start", "-15m"),
    ({"start": "nan"}, "start", "-15m"),
    ({"start": "1e300"}, "start", "-15m"),
    ({"start": ""}, "start", "-15m"),
    ({"end": "9" * 12}, "end", "2100"),
    ({"start": "-1h", "end": "-2h"}, "end", "[start, end)"),
    ({"start": "-400d"}, "start", "366 days"),
    ({"step": "0"}, "step", "0.1 s"),
    ({"step": "-10"}, "step", "30s"),
    ({"step": "inf"}, "step", "30s"),
    ({"start": "-30d", "step": "1"}, "step", "236 s"),
    ({"top": "0"}, "top", "from 1 to 1000"),
    ({"top": "ten"}, "top", "from 1 to 1000"),
    ({"top": "²"}, "top", "from 1 to 1000"),
    ({"top": "9" * 4000}, "top", "from 1 to 1000"),
    ({"metirc": CPU}, "metirc", "metric"),
    ({"match": "x" * 5000}, "match", "4096"),
]


@pytest.mark.parametrize(("values", "parameter", "hint"), BAD)
def test_a_bad_parameter_names_itself_and_hints(
    values: dict[str, str], parameter: str, hint: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(**values)
    assert caught.value.parameter == parameter
    assert hint in caught.value.hint
    assert len(str(caught.value)) < 300


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(BadRequest, match="2 times") as caught:
        model.parse(MultiDict([("metric", CPU), ("metric", CPU)]), NOW)
    assert caught.value.parameter == "metric"


@pytest.mark.parametrize("values", [{"time": "-1m"}, {"step": "10"}])
def test_an_explained_bucket_needs_time_and_step(values: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as caught:
        explain.parse(MultiDict({"metric": CPU, **values}), NOW)
    assert caught.value.parameter == "step"


@pytest.mark.parametrize(
    ("metric", "fn", "unit"),
    [
        (CPU, "rate", "cores"),
        (CPU, "increase", "seconds"),
        (CPU, "last", "seconds"),
        ("node_cpu_seconds_total", "rate", "cores"),
        ("container_cpu_cfs_throttled_seconds_total", "rate", "1"),
        ("container_pressure_io_waiting_seconds_total", "rate", "1"),
        ("container_network_receive_bytes_total", "rate", "bytes/s"),
        ("container_network_receive_packets_total", "rate", "1/s"),
        ("container_memory_usage_bytes", "mean", "bytes"),
    ],
)
def test_units(metric: str, fn: str, unit: str) -> None:
    assert model.unit_of(model.metric_of({"metric": metric}), fn) == unit
