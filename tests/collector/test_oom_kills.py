"""OOM kills stay counted when a container starts again."""

from __future__ import annotations

from collector.exposition import Exposition
from collector.latest import Latest
from collector.oom_kills import OomKills
from monitor.record import Record, Series, Value

SECOND = 10**9
WEB = Series.of("container", {"node": "n", "container": "web"})


def row(second: int, kills: int, start: float | None = None, series: Series = WEB) -> Record:
    fields: dict[str, Value] = {"oom_events_total": kills}
    if start is not None:
        fields["start_time_seconds"] = start
    return Record(series, fields, second * SECOND)


def ended(*records: Record) -> int:
    kills = OomKills()
    for record in records:
        kills.note(record)
    return kills.ended().get(WEB.key, 0)


def test_a_run_counts_when_the_next_begins() -> None:
    assert ended(row(10, 2, start=1.0)) == 0
    assert ended(row(10, 2, start=1.0), row(20, 3, start=1.0)) == 0
    assert ended(row(10, 2, start=1.0), row(20, 0, start=15.0)) == 2
    assert ended(row(10, 1, start=1.0), row(20, 1, start=15.0)) == 1, "the same count, a new start"
    assert ended(row(10, 2), row(20, 1)) == 2, "a smaller count where no start is known"


def test_a_run_counts_once() -> None:
    runs = [row(10, 1, start=1.0), row(11, 1, start=1.0), row(20, 0, start=15.0)]
    assert ended(*runs, row(30, 0, start=15.0)) == 1
    assert ended(*runs, row(30, 0, start=25.0), row(40, 0, start=35.0)) == 1, "normal restarts"
    assert ended(*runs, row(30, 2, start=15.0), row(40, 1, start=35.0)) == 3


def test_a_start_that_is_reckoned_anew_is_no_restart() -> None:
    assert ended(row(10, 1, start=1.0), row(20, 1, start=1.01)) == 0


def test_other_containers_and_rows_without_the_count_do_not_matter() -> None:
    other = Series.of("container", {"node": "n", "container": "db"})
    network = Series.of("container", {"node": "n", "container": "web", "interface": "eth0"})
    without = Record(network, {"network_receive_bytes_total": 1}, 15 * SECOND)
    assert ended(row(10, 5, 1.0, other), row(10, 1, 1.0), without, row(20, 0, 15.0, other)) == 0


def test_who_was_not_seen_for_an_hour_is_forgotten() -> None:
    kills = OomKills()
    for record in (row(10, 1, start=1.0), row(20, 0, start=15.0)):
        kills.note(record)
    kills.forget(3600 * SECOND)
    assert kills.ended() == {WEB.key: 1}
    kills.forget(3700 * SECOND)
    assert kills.ended() == {}


def test_the_page_goes_on_counting_and_the_rows_are_the_kernel_s() -> None:
    latest = Latest(keep_seconds=60)
    exposition = Exposition(latest)
    latest.update([row(10, 2, start=1.0)], 10 * SECOND)
    latest.update([], 20 * SECOND)
    assert b"oom_events_total{" not in exposition.page()
    latest.update([row(30, 1, start=25.0)], 30 * SECOND)
    assert b'container_oom_events_total{container="web"} 3.0 30000\n' in exposition.page()
    assert latest.rows()[0].fields["oom_events_total"] == 1


def test_the_last_sample_of_one_run_and_the_first_of_the_next_come_in_one_sweep() -> None:
    latest = Latest(keep_seconds=60)
    latest.update([row(10, 0, start=1.0)], 10 * SECOND)
    latest.update([row(20, 1, start=1.0), row(21, 0, start=20.5)], 20 * SECOND)
    page = Exposition(latest).page()
    assert b'container_oom_events_total{container="web"} 1.0 21000\n' in page
