"""A clock that is set and a log that loses records: one event each."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.own_events import OwnEvents
from monitor.edgelog import EdgeLog, Limits
from monitor.lineprotocol import encode
from tests.monitor.edgelog.helpers import lines

SECOND = 10**9
HOUR = 3600 * SECOND
NOW = 1_800_000_000 * SECOND
IDENTITY = {"cluster": "c", "node": "n1"}


class Clocks:
    def __init__(self) -> None:
        self.wall_ns = NOW
        self.steady_ns = 0

    def pass_seconds(self, seconds: float) -> None:
        self.wall_ns += int(seconds * SECOND)
        self.steady_ns += int(seconds * SECOND)

    def events(self, log: EdgeLog) -> OwnEvents:
        return OwnEvents(IDENTITY, log, lambda: self.wall_ns, lambda: self.steady_ns)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (HOUR, "forward by 3600.0 s"),
        (-HOUR, "back by 3600.0 s"),
        (-NOW, "back by 1800000000.0 s"),
        (2 * SECOND, "forward by 2.0 s"),
    ],
)
def test_a_clock_that_was_set_is_one_event(
    tmp_path: Path, step: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    clocks = Clocks()
    events = clocks.events(EdgeLog(tmp_path))
    for _ in range(3):
        clocks.pass_seconds(10)
        assert events.records() == []
    clocks.wall_ns += step
    told = events.records()
    assert encode(told).decode() == (
        "event,cluster=c,kind=Collector,node=n1,reason=ClockStep,type=Warning "
        f'message="the clock of this node was set {words}",object="n1" {clocks.wall_ns}\n'
    )
    assert events.figures == {"clock_steps_total": 1, "clock_step_seconds": step / SECOND}
    clocks.pass_seconds(10)
    assert events.records() == []
    assert caplog.text.count("was set") == 1


def test_a_clock_that_is_slewed_was_not_set(tmp_path: Path) -> None:
    clocks = Clocks()
    events = clocks.events(EdgeLog(tmp_path))
    for _ in range(1000):
        clocks.pass_seconds(300)
        clocks.wall_ns += int(0.15 * SECOND)  # 500 millionths, the most that NTP does
        assert events.records() == []
    assert events.figures["clock_steps_total"] == 0


def test_records_that_are_lost_are_an_event_an_hour_and_none_is_uncounted(tmp_path: Path) -> None:
    clocks = Clocks()
    log = EdgeLog(tmp_path, Limits(max_bytes=64 * 1024))
    log.pull("store", None, 1)
    events = clocks.events(log)
    told = []
    for n in range(400):
        log.append(lines(n, 1000))
        clocks.pass_seconds(20)
        told += events.records()
    clocks.pass_seconds(3600)
    told += events.records()
    assert 3 <= len(told) <= 4
    assert {dict(record.series.tags)["reason"] for record in told} == {"LogRecordsLost"}
    counts = [int(str(record.fields["message"]).split()[0]) for record in told]
    assert sum(counts) == log.stats().lost_records
