"""Rounds on demand: one serves all who wait, and a flood of requests makes few."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from collector import demand
from collector.demand import LEAST_SECONDS, REST, WAIT_SECONDS, Demand
from collector.host.host import Host
from collector.latest import Latest
from collector.pace import Pace
from collector.rounds import Rounds
from collector.self_metrics import SelfMetrics
from collector.series_budget import SeriesBudget
from collector.sweep import Sweeper
from collector.sweep_log import SweepLog
from collector.ticker import Ticker
from monitor.edgelog import EdgeLog
from monitor.errors import ConfigError
from tests.real.process import wait_until


class Asked:
    """A demand, and threads that wait on it; time is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.woken = 0
        self.demand = Demand(self._wake, lambda: self.now)
        self.pool = ThreadPoolExecutor(8)

    def _wake(self) -> None:
        self.woken += 1

    def fresh(self, max_age: float) -> Future[None]:
        """Ask, and return once the asking is known to have come."""
        woken = self.woken
        future = self.pool.submit(self.demand.fresh, max_age)
        wait_until(lambda: future.done() or self.woken > woken, "the asking")
        return future

    def round(self, took: float = 0.0) -> None:
        began = self.now
        self.now += took
        self.demand.made(began)


@pytest.fixture
def asked() -> Iterator[Asked]:
    asked = Asked()
    yield asked
    asked.demand.close()
    asked.pool.shutdown()


def test_what_is_new_enough_needs_no_round(asked: Asked) -> None:
    asked.round()
    asked.now += 3
    asked.fresh(3).result(1)
    assert asked.woken == 0 and asked.demand.due == float("inf")


def test_all_who_wait_share_one_round(asked: Asked) -> None:
    asked.round()
    asked.now += 3
    futures = [asked.fresh(age) for age in (0, 1, 2)]
    assert asked.demand.due <= asked.now
    asked.round()
    for future in futures:
        future.result(1)
    assert asked.demand.due == float("inf")


def test_a_round_that_began_too_early_does_not_serve(asked: Asked) -> None:
    began = asked.now
    asked.now += 1
    strict, mild = asked.fresh(0), asked.fresh(2)
    asked.demand.made(began)
    mild.result(1)
    assert not strict.done()
    asked.now += 20
    assert asked.demand.due <= asked.now
    asked.round()
    strict.result(1)


@pytest.mark.parametrize("took", [0.0, 0.5])
def test_rounds_that_are_asked_for_leave_time_between(asked: Asked, took: float) -> None:
    began = asked.now
    asked.round(took)
    asked.now += 0.01
    asked.fresh(0)
    assert asked.demand.due == pytest.approx(began + max(LEAST_SECONDS, REST * took))


def test_nobody_waits_for_ever(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand, "WAIT_SECONDS", 0.05)
    asked.fresh(0).result(2)
    asked.demand.close()
    asked.fresh(0).result(2)


def no_cgroups() -> Sweeper:
    raise ConfigError("this node has none")


@pytest.fixture
def figures(tmp_path: Path) -> Iterator[tuple[Rounds, Latest]]:
    """Rounds that run, with ticks far apart, and what they show."""
    edge_log, latest = EdgeLog(tmp_path), Latest(600)
    rounds = Rounds(
        {}, partial(Ticker, 300), no_cgroups, Host({}, Path("/proc")), None,
        SelfMetrics({}, edge_log), SweepLog(edge_log), latest, SeriesBudget(10_000), Pace(300, 0),
    )  # fmt: skip
    thread = threading.Thread(target=rounds.run)
    thread.start()
    yield rounds, latest
    rounds.stop()
    thread.join()
    edge_log.close()


def test_ticks_far_apart_and_figures_new_all_the_same(figures: tuple[Rounds, Latest]) -> None:
    rounds, latest = figures
    before = time.time_ns()
    rounds.fresh(0)
    assert latest.time_ns >= before


def test_a_flood_of_scrapes_makes_few_rounds(figures: tuple[Rounds, Latest]) -> None:
    rounds, latest = figures
    seen, began = set(), time.monotonic()

    def scrape() -> None:
        for _ in range(3):
            rounds.fresh(0)
            seen.add(latest.time_ns)

    threads = [threading.Thread(target=scrape) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 3 <= len(seen) <= 2 + (time.monotonic() - began) / LEAST_SECONDS


def test_who_waits_is_let_go_at_the_end(figures: tuple[Rounds, Latest]) -> None:
    rounds, _ = figures
    rounds.stop()
    began = time.monotonic()
    rounds.fresh(0)
    assert time.monotonic() - began < WAIT_SECONDS
