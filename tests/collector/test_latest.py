"""What is there now: tiers merged, the gone forgotten."""

from __future__ import annotations

from collector.latest import Latest
from monitor.record import Record, Series, Value

SECOND = 10**9


def row(measurement: str, fields: dict[str, Value], second: int, **tags: str) -> Record:
    return Record(Series.of(measurement, {"node": "n", **tags}), fields, second * SECOND)


def shown(latest: Latest) -> list[tuple[str, dict[str, str], dict[str, Value]]]:
    return [(r.series.measurement, dict(r.series.tags), dict(r.fields)) for r in latest.rows()]


def test_the_newest_value_of_each_field_over_all_tiers() -> None:
    latest = Latest(keep_seconds=60)
    web = {"node": "n", "container": "web"}
    fast = [row("container", {"cpu": 1}, 1, container="web")]
    latest.update([*fast, row("container", {"cpu": 1, "rss": 5}, 1, container="web")], SECOND)
    latest.update([row("container", {"cpu": 2}, 2, container="web")], 2 * SECOND)
    assert shown(latest) == [("container", web, {"cpu": 2, "rss": 5})]
    assert latest.rows()[0].time_ns == 2 * SECOND


def test_a_container_without_a_row_in_the_sweep_is_gone_with_all_its_rows() -> None:
    latest = Latest(keep_seconds=60)
    both = [
        row("container", {"cpu": 1}, 1, container="web"),
        row("container", {"bytes": 1}, 1, container="web", interface="eth0"),
        row("container", {"listening": 1}, 1, container="web", tcp_state="listen"),
        row("container_info", {"id": "x"}, 1, container="web"),
        row("container", {"cpu": 1}, 1, container="db", pod="web"),
    ]
    latest.update([*both, row("node", {"load1": 1.0}, 1)], SECOND)
    latest.update([row("container", {"cpu": 2}, 2, container="db", pod="web")], 2 * SECOND)
    assert [(kind, tags.get("container")) for kind, tags, _ in shown(latest)] == [
        ("container", "db"),
        ("node", None),
    ]


def test_what_nothing_renews_goes_but_what_is_rare_stays() -> None:
    latest = Latest(keep_seconds=60)
    once = [
        row("container", {"bytes": 1}, 1, container="web", interface="eth1"),
        row("container_info", {"id": "x"}, 1, container="web"),
        row("container", {"fs_usage_bytes": 3}, 1, container="web", device="sda"),
        row("container", {"fs_reads_total": 3}, 1, container="web", device="sdb"),
        row("machine", {"cpu_cores": 2}, 1),
        row("node", {"size": 1}, 1, mountpoint="/gone"),
    ]
    latest.update([*once, row("container", {"cpu": 1}, 1, container="web")], SECOND)
    latest.update([row("container", {"cpu": 2}, 100, container="web")], 100 * SECOND)
    assert {kind for kind, _, _ in shown(latest)} == {"container", "container_info", "machine"}
    assert {tags.get("interface") for _, tags, _ in shown(latest)} == {None}
    assert {tags.get("device") for _, tags, _ in shown(latest)} == {None, "sda"}


def test_events_are_not_kept() -> None:
    latest = Latest(keep_seconds=60)
    latest.update([row("event", {"message": "died"}, 1, reason="Died")], SECOND)
    assert latest.rows() == []
