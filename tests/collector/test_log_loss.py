"""Records that go before a consumer has them: a metric, an event, a line, and an exact gap."""

from __future__ import annotations

from pathlib import Path

from monitor import gzipped
from monitor.edgelog.export import Wanted, export, line_protocol
from monitor.edgelog.onlooker import Onlooker
from monitor.lineprotocol import Parser
from tests.collector.logging_collector import LoggingCollector

PULL = "/api/v1/consumers/store/pull"
EVENTS = Wanted(measurement="event")


def test_a_consumer_that_stays_away_is_an_alarm(tmp_path: Path) -> None:
    collector = LoggingCollector(tmp_path, tmp_path / "log", "--log-max-age=2")
    collector.start_and_wait()
    collector.exchange(PULL)

    def event() -> bytes:
        assert collector.sweeps()
        return b"".join(
            export(Onlooker.of(collector.data), EVENTS, line_protocol(), lambda _: None)
        )

    collector.ready(event)
    assert b"reason=LogRecordsLost,type=Warning" in event()
    assert b'message="' in event() and b"went before every consumer had them" in event()
    collector.sweeps_until("log_lost_records_total", 10)
    body, _ = collector.exchange(PULL)
    gap, *_ = gzipped.members(body)
    (told,) = Parser().parse(gap)
    assert told.fields["log_gap_first_seq"] == 1
    assert told.fields["log_gap_records"] == told.fields["log_gap_last_seq"]
    assert collector.figure("log_backlog_records") >= 0
    assert collector.stop() == 0
    said = collector.lines("records are dropped")
    assert len(said) == 1 and "(age bound) before consumer store has pulled them" in said[0]
