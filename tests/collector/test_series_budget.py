"""A flood of new series is cut, counted and told of; what was there before goes on."""

from __future__ import annotations

import logging

import pytest

from collector.series_budget import SeriesBudget
from monitor.record import Record, Series

SECOND = 10**9
MINUTE = 60 * SECOND


def rows(measurement: str, *names: str) -> list[Record]:
    key = {"container": "container", "node": "mountpoint"}[measurement]
    return [Record(Series.of(measurement, {key: name}), {"x": 1}, 1) for name in names]


def names(records: list[Record]) -> list[str]:
    return [value for record in records for _, value in record.series.tags]


def test_ten_thousand_new_series_a_minute_leave_the_old_ones_unharmed() -> None:
    budget = SeriesBudget(1000)
    old = rows("container", *(f"old-{number}" for number in range(200)))
    host = rows("node", "/", "/data")
    budget.admit(old + host, 0)
    written: set[str] = set()
    for sweep in range(6):
        flood = rows("container", *(f"new-{sweep}-{number}" for number in range(10_000 // 6)))
        kept = budget.admit([*flood, *old, *host], (sweep + 1) * 10 * SECOND)
        assert kept[-202:] == [*old, *host]
        written.update(record.series.key for record in kept)
    assert len(written) == 1000
    assert budget.figures == {
        "series": 1000,
        "series_left_out": 1666,
        "rows_left_out_total": 6 * 1666 - 798,
    }


def test_the_node_s_own_rows_are_never_cut() -> None:
    budget = SeriesBudget(2)
    kept = budget.admit([*rows("container", "a", "b", "c"), *rows("node", "/", "/new")], 0)
    assert names(kept) == ["a", "b", "/", "/new"]
    assert budget.figures["series"] == 4
    assert names(budget.admit(rows("container", "b", "d"), SECOND)) == ["b"]


def test_a_series_with_two_rows_in_a_sweep_is_left_out_once() -> None:
    budget = SeriesBudget(1)
    budget.admit(rows("container", "a", "b", "b"), 0)
    assert budget.figures == {"series": 1, "series_left_out": 1, "rows_left_out_total": 2}


def test_who_was_not_seen_for_an_hour_makes_room() -> None:
    budget = SeriesBudget(2)
    budget.admit(rows("container", "a", "b"), 0)
    budget.admit(rows("container", "a"), 30 * MINUTE)
    assert names(budget.admit(rows("container", "c"), 60 * MINUTE)) == []
    assert names(budget.admit(rows("container", "c", "d"), 62 * MINUTE)) == ["c"]
    assert names(budget.admit(rows("container", "a", "c"), 63 * MINUTE)) == ["a", "c"]


def test_it_says_when_a_flood_begins_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    budget = SeriesBudget(1)
    for second in (0, 10, 20, 500):
        budget.admit(rows("container", "a", f"new-{second}"), second * SECOND)
    budget.admit(rows("container", "a"), 1000 * SECOND)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "such as container,container=new-0;" in caplog.text and "--max-series" in caplog.text
    budget.admit(rows("container", "a"), 1101 * SECOND)
    budget.admit(rows("container", "a"), 1111 * SECOND)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "4 rows" in caplog.text
