"""The arithmetic behind one figure: that it is shown, and that it is the one of the figure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from monitor.errors import BadRequest
from monitor.query import engine, explain, model
from tests.monitor.query.fake_reader import T0, FakeReader, S

CPU = "container_cpu_usage_seconds_total"
FIELD = "cpu_usage_seconds_total"
TAGS = "node=a container=web"


def ask(reader: FakeReader, now: float, **values: str) -> dict[str, Any]:
    question = explain.parse(MultiDict({"metric": CPU} | values), round((T0 + now) * S))
    return explain.explain(question, reader, round((T0 + now) * S))


def fill(*rows: tuple[float, float, float]) -> FakeReader:
    reader = FakeReader()
    for at, value, start in rows:
        reader.add("container", TAGS, at, **{FIELD: value}, start_time_seconds=T0 + start)
    return reader


def test_without_time_the_newest_pair_is_explained() -> None:
    reader = fill((0, 100, -60), (10, 104, -60), (20, 109, -60))
    assert ask(reader, 21, match='container="web"') == {
        "metric": CPU,
        "fn": "rate",
        "unit": "cores",
        "labels": {"node": "a", "container": "web"},
        "from": T0 + 10.0,
        "to": T0 + 20.0,
        "pairs": [
            {
                "a": {"time": T0 + 10.0, "value": 104.0, "start": T0 - 60.0},
                "b": {"time": T0 + 20.0, "value": 109.0, "start": T0 - 60.0},
                "reset": False,
                "gap": False,
                "increase": 5.0,
                "seconds": 10.0,
                "share": 1.0,
            }
        ],
        "increase": 5.0,
        "seconds": 10.0,
        "result": 0.5,
        "formula": "(b.value - a.value) / (b.time - a.time)",
    }


def test_a_restart_is_said_and_the_newest_counter_is_used() -> None:
    found = ask(fill((0, 100, -60), (10, 104, -60), (20, 3, 15)), 21)
    assert found["pairs"][0]["reset"] is True
    assert found["result"] == pytest.approx(0.3)
    assert found["formula"] == "b.value / (b.time - a.time)"


def test_a_bucket_is_explained_by_all_pairs_that_touch_it() -> None:
    reader = fill((-5, 0, -60), (5, 10, -60), (15, 40, -60), (25, 40, -60))
    found = ask(reader, 30, time=str(T0), step="10")
    assert [pair["share"] for pair in found["pairs"]] == [0.5, 0.5]
    assert (found["from"], found["to"]) == (T0, T0 + 10)
    assert (found["increase"], found["seconds"], found["result"]) == (20, 10, 2)
    assert "share" in found["formula"]


def test_a_gap_is_shown_as_one() -> None:
    reader = fill(*((s, s, -60) for s in (-30, -20, -10, 0, 100, 110)))
    found = ask(reader, 120, time=str(T0 + 40), step="10")
    assert found["result"] is None
    assert [(pair["gap"], pair["share"]) for pair in found["pairs"]] == [(True, 0)]
    assert "gap" in found["formula"]


def test_one_sample_has_no_rate() -> None:
    found = ask(fill((0, 5, -60)), 1)
    assert (found["pairs"], found["result"], found["increase"]) == ([], None, None)
    assert "two" in found["formula"]


def test_a_gauge_shows_its_samples() -> None:
    reader = FakeReader()
    for at in (0, 10, 20):
        reader.add("container", TAGS, at, memory_working_set_bytes=at)
    metric = "container_memory_working_set_bytes"
    newest = ask(reader, 21, metric=metric, fn="last")
    assert (newest["result"], newest["unit"], newest["pairs"]) == (20, "bytes", [])
    bucket = ask(reader, 21, metric=metric, time=str(T0), step="20")
    assert [sample["value"] for sample in bucket["samples"]] == [0, 10]
    assert bucket["result"] == 5


def test_a_rare_sample_is_found_too() -> None:
    found = ask(fill((0, 0, -60), (300, 30, -60)), 301)
    assert found["result"] == pytest.approx(0.1)


@pytest.mark.parametrize(("match", "number"), [("", 2), ('container="no"', 0)])
def test_exactly_one_series_is_explained(match: str, number: int) -> None:
    reader = fill((0, 0, -60), (10, 1, -60))
    reader.add("container", "node=b container=web", 0, cpu_usage_seconds_total=1)
    with pytest.raises(BadRequest, match=f"{number} series") as caught:
        ask(reader, 11, match=match)
    assert caught.value.parameter == "match"
    assert caught.value.hint


@given(
    st.lists(
        st.tuples(st.sampled_from([10, 10, 10, 13, 50]), st.floats(0, 90), st.booleans()),
        min_size=2,
        max_size=14,
    ),
    st.sampled_from(["rate", "increase"]),
)
def test_the_explanation_is_that_of_the_charts_figure(
    steps: list[tuple[int, float, bool]], fn: str
) -> None:
    reader, at, start = FakeReader(), -30.0, -60.0
    for passed, value, restarted in steps:
        at, start = at + passed, (at + passed / 2 if restarted else start)
        reader.add("container", TAGS, at, **{FIELD: value}, start_time_seconds=T0 + start)
    args = {"metric": CPU, "fn": fn, "start": str(T0), "end": str(T0 + 20), "step": "20"}
    chart = engine.run(model.parse(MultiDict(args), T0 * S), reader)
    found = ask(reader, 100, fn=fn, time=str(T0), step="20")
    if chart.labels:
        assert found["result"] == pytest.approx(chart.values[0, 0], rel=1e-9)
    else:
        assert found["result"] is None
