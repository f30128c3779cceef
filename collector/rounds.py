"""The rounds of a collector: at each tick, and when asked, read everything, keep it, show it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from collector.demand import Demand
from collector.events import event_records
from collector.host.host import Host
from collector.latest import Latest
from collector.namespace_sums import NamespaceSums
from collector.pace import Pace
from collector.self_metrics import SelfMetrics
from collector.series_budget import SeriesBudget
from collector.sweep import Sweeper
from collector.sweep_log import SweepLog
from collector.ticker import Due, Ticker, Tiers
from collector.vigil import Vigil
from collector.watch import Watch
from monitor.errors import ConfigError
from monitor.record import Record, Value

if TYPE_CHECKING:
    from collector.containers.docker import DockerNames

log = logging.getLogger(__name__)

DOCKER_WAIT_SECONDS = 2.0
"""So that the first round finds the names; an engine that needs longer names later ones."""
ON_DEMAND = Due(slow=True, limits=False)


class Rounds:
    """Runs on one thread, until told to stop.

    `make_ticker` makes a ticker of the way to wait for it. `make_sweeper` raises ConfigError while
    no cgroups are mounted: then there are rounds without containers, and it is tried again each
    minute. `last_monotonic` is when the last round ended.
    """

    def __init__(
        self,
        identity: Mapping[str, str],
        make_ticker: Callable[[Callable[[float], bool]], Ticker],
        make_sweeper: Callable[[], Sweeper],
        host: Host,
        docker: DockerNames | None,
        self_metrics: SelfMetrics,
        sweep_log: SweepLog,
        latest: Latest,
        budget: SeriesBudget,
        pace: Pace,
    ) -> None:
        self._identity = identity
        self._ticker = make_ticker(self._until_tick)
        self._tiers = Tiers()
        self._watch = Watch()
        self._demand = Demand(self._watch.wake)
        self._stopping = False
        self._make_sweeper = make_sweeper
        self._sweeper: Sweeper | None = None
        self._vigil: Vigil | None = None
        self._told_missing = False
        self._host = host
        self._docker = docker
        self._metrics = self_metrics
        self._sweep_log = sweep_log
        self._latest = latest
        self._budget = budget
        self._pace = pace
        self._sums = NamespaceSums(identity, time.time())
        self.last_monotonic: float | None = None

    def run(self) -> None:
        """Make one round at once, so that there is something to see, then one at each tick."""
        if self._docker is not None:
            self._docker.wait(DOCKER_WAIT_SECONDS)
        first_ns = time.time_ns()
        self._make(first_ns, self._tiers.due(first_ns))
        while (tick := self._ticker.next()) is not None:
            self._metrics.missed += tick.missed
            cpu = time.thread_time()
            self._make(tick.time_ns, self._tiers.due(tick.time_ns))
            self._pace.note(time.thread_time() - cpu)
            self._ticker.interval_seconds = self._pace.interval_seconds
        self._demand.close()
        self._keep_waiting()
        if self._sweeper is not None:
            self._sweeper.close()
        self._watch.close()

    def fresh(self, max_age_seconds: float) -> None:
        """Return once the newest round began at most so many seconds ago; any thread may ask.

        If need be, a round is made for it. After five seconds this returns all the same.
        """
        self._demand.fresh(max_age_seconds)

    @property
    def stopping(self) -> bool:
        """Whether somebody said `stop`."""
        return self._stopping

    def stop(self) -> None:
        """Let `run` return soon; any thread may say so."""
        self._stopping = True
        self._watch.wake()

    def _until_tick(self, seconds: float) -> bool:
        """Wait for the tick, and do what cannot wait so long. True to stop."""
        tick = time.monotonic() + seconds
        while not self._stopping:
            now = time.monotonic()
            if now >= tick:
                return False
            if now >= self._demand.due:
                self._make(time.time_ns(), ON_DEMAND)
            elif now >= self._sweep_log.due:
                self._keep_waiting()
            else:
                self._attend(min(tick, self._demand.due, self._sweep_log.due) - now)
        return True

    def _attend(self, seconds: float) -> None:
        """Wait so long at most, for what happens to containers; show it, and keep it soon."""
        vigil = self._vigil
        due = float("inf") if vigil is None else vigil.due - time.monotonic()
        ready = self._watch.wait(min(seconds, due))
        if vigil is None:
            return
        cpu = time.thread_time()
        try:
            for news in vigil.attend(ready):
                self._sums.take(news.records)
                records = self._budget.admit_between(news.records, time.time_ns())
                self._latest.add(records, news.ended)
                self._sweep_log.keep_soon(records)
        except Exception:
            # Begin anew at the next round: what failed may be ready again at once, for ever.
            self._metrics.failed += 1
            log.exception("watching containers failed; until the next round nothing is watched")
            vigil.close()
            self._vigil = None
        self._metrics.attended(time.thread_time() - cpu)

    def _keep_waiting(self) -> None:
        """Keep what was read between rounds, and what Docker told since the last one."""
        events = [] if self._docker is None else self._docker.drain()
        self._sweep_log.keep(event_records(events, self._identity), time.time_ns())

    def _make(self, time_ns: int, due: Due) -> None:
        began = time.monotonic()
        try:
            self._round(time_ns, due)
        except Exception:
            # The thread's outermost line: a round that fails must not be the last one.
            self._metrics.failed += 1
            log.exception("a round failed; the next one is made all the same")
        self._demand.made(began)

    def _round(self, time_ns: int, due: Due) -> None:
        began, cpu = time.monotonic(), time.thread_time()
        if self._docker is not None and self._docker.updated():
            due = due._replace(limits=True)
        records = self._host.read(due)
        records += self._containers(due)
        if self._docker is not None:
            records += event_records(self._docker.drain(), self._identity)
        self._sums.take(records)
        records += self._sums.rows(time_ns)
        records = self._budget.admit(records, time_ns)
        records += self._metrics.events()
        records.append(self._about_itself())
        self._latest.update(records, time_ns)
        self._sweep_log.keep(records, time_ns)
        self.last_monotonic = time.monotonic()
        self._metrics.swept(self.last_monotonic - began, time.thread_time() - cpu)

    def _about_itself(self) -> Record:
        figures: dict[str, Value] = {
            "host_errors_total": self._host.errors,
            "sweep_interval_seconds": self._pace.interval_seconds,
            **self._budget.figures,
        }
        if self._sweeper is not None:
            figures |= self._sweeper.figures
        return self._metrics.row(figures, None if self._docker is None else self._docker.up)

    def _containers(self, due: Due) -> list[Record]:
        if self._sweeper is None and due.limits:
            try:
                self._sweeper = self._make_sweeper()
            except ConfigError as error:
                if not self._told_missing:
                    log.error("%s; only the host is measured until then", error)
                self._told_missing = True
        if self._sweeper is None:
            return []
        if self._vigil is None:
            self._vigil = Vigil(self._sweeper, self._watch)
        records = self._sweeper.sweep(due)
        self._vigil.settle()
        return records
