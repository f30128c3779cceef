"""The clock: multiples of the interval, whatever the work and the wall clock do."""

from __future__ import annotations

import pytest

from collector.ticker import Due, Tick, Ticker, Tiers


class Clock:
    """Time that passes only while the ticker waits, or when told."""

    def __init__(self, wall: float) -> None:
        self.wall, self.monotonic = wall, 500.0
        self.waits: list[float] = []

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.pass_(seconds)
        return False

    def ticker(self, interval: float) -> Ticker:
        return Ticker(interval, self.wait, lambda: self.wall, lambda: self.monotonic)


def test_ticks_fall_on_multiples_of_the_interval() -> None:
    clock = Clock(1003.7)
    ticker = clock.ticker(10)
    assert [ticker.next() for _ in range(3)] == [
        Tick(1010 * 10**9, 0),
        Tick(1020 * 10**9, 0),
        Tick(1030 * 10**9, 0),
    ]
    assert clock.waits == pytest.approx([6.3, 10, 10])


def test_ticks_that_passed_are_skipped_and_counted() -> None:
    clock = Clock(1000.5)
    ticker = clock.ticker(1)
    ticker.next()
    clock.pass_(3.2)
    assert ticker.next() == Tick(1005 * 10**9, 3)
    assert ticker.next() == Tick(1006 * 10**9, 0)


def test_a_wake_up_a_little_early_makes_no_second_tick() -> None:
    clock = Clock(1000.5)
    ticker = clock.ticker(1)
    ticker.next()
    clock.wall -= 0.001  # the wall clock was slewed during the wait
    assert ticker.next() == Tick(1002 * 10**9, 0)


def test_an_interval_that_is_changed_keeps_to_its_own_multiples_and_misses_nothing() -> None:
    clock = Clock(1003.7)
    ticker = clock.ticker(10)
    ticker.next()
    ticker.interval_seconds = 30
    assert [ticker.next() for _ in range(2)] == [Tick(1050 * 10**9, 0), Tick(1080 * 10**9, 0)]
    ticker.interval_seconds = 10
    assert ticker.next() == Tick(1090 * 10**9, 0)


@pytest.mark.parametrize("step", [3600.25, -3600.25])
def test_a_clock_that_is_set_moves_the_phase_and_nothing_else(step: float) -> None:
    clock = Clock(1000.0)
    ticker = clock.ticker(10)
    ticker.next()
    clock.wall += step
    after = [ticker.next() for _ in range(2)]
    assert all(tick is not None and tick.time_ns % 10**10 == 0 for tick in after)
    assert [tick.missed for tick in after if tick] == [0, 0]
    assert all(5 <= wait < 15 for wait in clock.waits[1:])


def test_it_stops_when_told() -> None:
    clock = Clock(1000.0)
    assert Ticker(1, lambda _: True, lambda: clock.wall, lambda: clock.monotonic).next() is None


def test_tiers() -> None:
    tiers = Tiers()
    due = [tiers.due(second * 10**9) for second in range(1000, 1130)]
    assert due[0] == Due(True, True)
    assert [n for n, one in enumerate(due) if one.slow] == list(range(0, 130, 10))
    assert [n for n, one in enumerate(due) if one.limits] == [0, 20, 80]


def test_a_longer_interval_reads_all_slow_files_each_tick() -> None:
    tiers = Tiers()
    assert all(tiers.due(second * 10**9).slow for second in range(990, 2000, 30))
