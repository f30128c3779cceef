"""A clock that is set: records keep their order, and age is not what the wall clock says."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.edgelog import EdgeLog, Limits
from tests.monitor.edgelog.helpers import lines, read_all

SECOND = 10**9
HOUR = 3600 * SECOND
NOW = 1_800_000_000 * SECOND
YEAR_1970 = 0
LIMITS = Limits(max_age_seconds=240)


class Clocks:
    """A wall clock that is set, and the steady one, which nobody sets."""

    def __init__(self) -> None:
        self.wall_ns = NOW
        self.steady_ns = 5 * SECOND

    def pass_seconds(self, seconds: float) -> None:
        self.wall_ns += int(seconds * SECOND)
        self.steady_ns += int(seconds * SECOND)

    def open(self, directory: Path) -> EdgeLog:
        wall, steady = (lambda: self.wall_ns), (lambda: self.steady_ns)
        return EdgeLog(directory, LIMITS, clock=wall, steady=steady)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.mark.parametrize("to", [NOW + HOUR, NOW - HOUR, NOW + 24 * 366 * HOUR, YEAR_1970])
def test_a_step_drops_nothing_and_keeps_the_order(fast_path: Path, clocks: Clocks, to: int) -> None:
    log = clocks.open(fast_path)
    for n in range(20):
        if n == 10:
            clocks.wall_ns = to
        log.append(lines(n))
        clocks.pass_seconds(10)
    assert read_all(log) == [lines(n) for n in range(20)]
    assert log.stats().last_sequence == 20


@pytest.mark.parametrize("to", [NOW + HOUR, NOW - HOUR, YEAR_1970])
def test_after_a_step_what_is_old_still_goes(fast_path: Path, clocks: Clocks, to: int) -> None:
    log = clocks.open(fast_path)
    for n in range(100):
        if n == 20:
            clocks.wall_ns = to
        log.append(lines(n))
        clocks.pass_seconds(10)
    kept = read_all(log)
    assert kept == [lines(n) for n in range(100 - len(kept), 100)]
    assert 24 <= len(kept) <= 26, "240 seconds, and what shares a segment with them"


def test_a_clock_that_goes_to_and_fro_fills_no_directory(fast_path: Path, clocks: Clocks) -> None:
    log = clocks.open(fast_path)
    for n in range(200):
        clocks.wall_ns = NOW if n % 2 else YEAR_1970
        log.append(lines(n))
    assert read_all(log) == [lines(n) for n in range(200)]
    assert log.stats().segments == 1


def test_downtime_counts(fast_path: Path, clocks: Clocks) -> None:
    log = clocks.open(fast_path)
    for n in range(5):
        log.append(lines(n))
        clocks.pass_seconds(20)
    log.close()
    clocks.pass_seconds(1000)
    clocks.steady_ns = 0  # another boot
    log = clocks.open(fast_path)
    log.append(lines(9))
    assert read_all(log) == [lines(9)]


def test_a_boot_in_1970_drops_nothing_and_holds_nothing_for_ever(
    fast_path: Path, clocks: Clocks
) -> None:
    log = clocks.open(fast_path)
    log.append(lines(0))
    log.close()
    clocks.wall_ns = YEAR_1970
    clocks.steady_ns = 0
    log = clocks.open(fast_path)
    log.append(lines(1))
    clocks.wall_ns = NOW + 60 * SECOND
    log.append(lines(2))
    assert read_all(log) == [lines(0), lines(1), lines(2)]
    for n in range(3, 40):
        clocks.pass_seconds(10)
        log.append(lines(n))
    assert lines(0) not in read_all(log)
    assert 24 <= len(read_all(log)) <= 26
