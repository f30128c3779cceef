"""Sweeps that would take more than their share of a core are made less often, and it is said."""

from __future__ import annotations

import logging

import pytest

from collector.pace import Pace


def noted(pace: Pace, *costs: float) -> list[int]:
    stretches = []
    for cost in costs:
        pace.note(cost)
        stretches.append(pace.stretch)
    return stretches


def test_cheap_sweeps_keep_their_interval() -> None:
    assert noted(Pace(10, 0.05), *[0.5] * 9) == [1] * 9


def test_costly_sweeps_are_made_less_often_by_as_much_as_is_needed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pace = Pace(10, 0.05)
    assert noted(pace, 1.2, 1.2, 1.2) == [1, 1, 3]
    assert pace.interval_seconds == 30
    assert 1.2 / pace.interval_seconds <= 0.05
    assert "a sweep takes 1200 ms of CPU" in caplog.text
    assert (
        "keep to 5 % of a core, there is one each 30 s from now on (interval: 10 s" in caplog.text
    )


def test_one_costly_sweep_among_cheap_ones_changes_nothing() -> None:
    assert noted(Pace(10, 0.05), 0.1, 1.2, 0.1, 0.1, 1.2, 0.1) == [1] * 6


def test_at_a_short_interval_the_dear_slow_tier_is_spread_over_the_cheap_ticks() -> None:
    ten_seconds = [0.3, *[0.02] * 9]
    assert noted(Pace(1, 0.05), *ten_seconds * 4)[-1] == 1


def test_they_are_made_more_often_again_once_there_is_headroom(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    pace = Pace(10, 0.05)
    noted(pace, 1.0, 1.01, 1.02)
    assert pace.stretch == 3
    assert noted(pace, 0.99, 0.99, 0.99)[-1] == 3  # would fit into 20 s, with nothing to spare
    assert noted(pace, *[0.3] * 6)[-1] == 1
    assert caplog.records[-1].levelno == logging.INFO


def test_an_interval_is_never_stretched_beyond_five_minutes() -> None:
    pace = Pace(120, 0.05)
    noted(pace, *[1000.0] * 3)
    assert pace.interval_seconds == 240


def test_a_share_of_nothing_means_any_cost() -> None:
    assert noted(Pace(1, 0), *[5.0] * 60)[-1] == 1
