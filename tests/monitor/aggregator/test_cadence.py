"""Nodes are pulled just after they have a record, whatever their clocks say."""

from __future__ import annotations

import pytest

from monitor.aggregator.cadence import Cadence

POLL = 2.0


class Node:
    """A node that has a record each `interval`, `skew` seconds off by its own clock."""

    def __init__(self, interval: float, skew: float = 0.0, pull_seconds: float = 0.001) -> None:
        self.interval = interval
        self.skew = skew
        self.pull_seconds = pull_seconds
        self.delays: list[float] = []
        self.pulls: list[float] = []
        self._now = 3.3
        self._cadence = Cadence()

    def run(self, seconds: float) -> None:
        """Pull it as its cadence says."""
        ends_at = self._now + seconds
        while self._now < ends_at:
            self._pull()
            wait = self._cadence.wait_seconds(self._now, POLL)
            assert 0 <= wait <= max(POLL, self._cadence.interval)
            self._now += wait

    def _pull(self) -> None:
        self.pulls.append(self._now)
        newest_at = self._now // self.interval * self.interval + self.skew
        self._now += self.pull_seconds
        before = self._cadence.newest_at
        if newest_at <= before:
            self._cadence.found_nothing(self._now)
            return
        self.delays.append(self._now + self.skew - newest_at)
        records = round((newest_at - before) / self.interval) if before else 1
        self._cadence.found(records, newest_at, self._now)


@pytest.mark.parametrize("skew", [0.0, -3.0, 0.4, 3.0, 3603.0])
def test_a_record_is_pulled_soon_and_seldom_in_vain(skew: float) -> None:
    node = Node(10.0, skew)
    node.run(300.0)
    learned = len(node.pulls), len(node.delays)
    node.run(4000.0)
    assert len(node.pulls) - learned[0] < 1.25 * 400
    assert max(node.delays[learned[1] :]) < 0.6


def test_pulls_that_take_long_miss_no_record() -> None:
    node = Node(10.0, pull_seconds=0.9)
    node.run(4000.0)
    assert len(node.delays) >= 399
    assert max(node.delays[30:]) < 2 * 0.9 + 0.5  # one in vain, half a second, and one more


def test_what_is_as_fast_as_polls_is_polled() -> None:
    node = Node(1.0)
    node.run(100.0)
    assert len(node.pulls) == 50


def test_a_node_that_ceases_is_polled_in_the_end() -> None:
    cadence = Cadence()
    cadence.found_nothing(80.0)
    assert cadence.wait_seconds(80.0, POLL) == POLL
    for newest_at in (80.0, 90.0, 100.0):
        cadence.found(1, newest_at, newest_at + 0.1)
    now = 110.0
    for _ in range(30):
        cadence.found_nothing(now)
        wait = cadence.wait_seconds(now, POLL)
        now += wait
    assert wait == POLL
    cadence.found(1, now - 1.0, now)
    assert cadence.delay <= 1.0


def test_after_a_backlog_the_pace_is_known() -> None:
    cadence = Cadence()
    cadence.found(1, 1000.0, 1421.0)
    cadence.found(42, 1420.0, 1422.0)
    cadence.found(3, 1450.0, 1452.9)
    assert cadence.wait_seconds(1453.0, POLL) == pytest.approx(7.0, abs=0.1)


def test_a_record_that_came_due_during_the_write_is_pulled_at_once() -> None:
    cadence = Cadence()
    for newest_at in (1000.0, 1010.0, 1020.0):
        cadence.found(1, newest_at, newest_at + 9.9)
    assert cadence.wait_seconds(1030.1, POLL) == 0.0


def test_a_node_without_a_steady_pace_is_polled() -> None:
    cadence = Cadence()
    for newest_at in (1000.0, 1010.0, 1017.0, 1030.0):
        cadence.found(1, newest_at, newest_at + 0.1)
        assert cadence.wait_seconds(newest_at + 0.2, POLL) == POLL


@pytest.mark.parametrize("before", [1, 2, 5])
def test_how_long_a_node_was_down_is_not_its_pace(before: int) -> None:
    cadence = Cadence()
    for number in range(before):
        cadence.found(1, 1000.0 + 10 * number, 1000.5 + 10 * number)
    back_at = 1000.0 + 7200
    cadence.found(1, back_at, back_at + 0.5)
    assert cadence.wait_seconds(back_at + 0.5, POLL) == POLL
    cadence.found(1, back_at + 10, back_at + 10.5)
    assert cadence.wait_seconds(back_at + 10.5, POLL) == POLL


@pytest.mark.parametrize(("before", "after"), [(30.0, 10.0), (10.0, 30.0), (10.0, 1.0)])
def test_a_pace_that_changes_is_followed(before: float, after: float) -> None:
    node = Node(before)
    node.run(600.0)
    node.interval = after
    node.run(300.0)
    known = len(node.delays)
    node.run(300.0)
    assert len(node.delays) - known >= 300 / max(after, POLL) - 1
    assert max(node.delays[known:]) < 2.1
