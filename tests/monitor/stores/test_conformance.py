"""What every store has to do, held to the embedded one, a real InfluxDB and a real VictoriaMetrics.

Where a store differs, `tests.monitor.stores.differences` says so, and its tests are skipped.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import BadRequest, StoreRejected
from monitor.escaping import safe_name, safe_text
from monitor.record import Record, Value
from monitor.stores.protocols import Matcher
from tests.monitor.stores.conftest import Store
from tests.monitor.stores.samples import DAY, SECOND, body, raw, record, select

WEB = {"container": "web", "node": "n1"}
DB = {"container": "db", "node": "n1"}


def test_a_store_without_data_yields_nothing(store: Store) -> None:
    assert select(store.reader, "container", ["cpu"]) == []


def test_every_kind_of_value_comes_back(store: Store, now: int) -> None:
    fields: dict[str, Value] = {
        "ratio": -0.0625,
        "bytes": 1 << 52,
        "zero": 0,
        "on": True,
        "off": False,
    }
    store.writer.write(body([record("container", WEB, fields, now)]))
    [(tags, times, columns)] = select(store.reader, "container", list(fields))
    assert (tags, times) == (WEB, [now])
    assert {name: values[0] for name, values in columns.items()} == fields


def test_every_digit_of_a_number_comes_back(store: Store, now: int) -> None:
    fields: dict[str, Value] = {"tiny": -1.5e-30, "third": 1 / 3, "huge": 1.7976931348623157e308}
    store.writer.write(body([record("m", WEB, fields, now)]))
    [(_, _, columns)] = select(store.reader, "m", list(fields))
    assert {name: values[0] for name, values in columns.items()} == fields


def test_texts_come_back(store: Store, now: int) -> None:
    words = 'a "quoted" \\ and, spaced = text é'
    for text in ("old", words):
        store.writer.write(body([record("m", WEB, {"f": 1.0, "s": text}, now)]))
    store.writer.write(body([record("m", WEB, {"f": 2.0}, now + SECOND)]))
    assert select(store.reader, "m", ["f", "s"]) == [
        (WEB, [now, now + SECOND], {"f": [1.0, 2.0], "s": [words, None]})
    ]
    assert select(store.reader, "m", ["s"]) == [(WEB, [now], {"s": [words]})]


def test_nanoseconds_are_kept(store: Store, now: int) -> None:
    times = [now, now + 1, now + 999_999_999]
    store.writer.write(body([record("m", WEB, {"f": 1.0}, t) for t in times]))
    assert select(store.reader, "m", ["f"]) == [(WEB, times, {"f": [1.0, 1.0, 1.0]})]


def test_each_series_comes_once_and_samples_in_order_of_time(store: Store, now: int) -> None:
    tags: list[dict[str, str]] = [{"b": "1"}, {}, {"a": "2"}, {"a": "10"}, {"a": "2", "b": "0"}]
    rows = [record("m", each, {"f": i}, now - i * SECOND) for i in range(3) for each in tags]
    store.writer.write(body(rows[::2], rows[1::2]))
    found = select(store.reader, "m", ["f"])
    expected: list[dict[str, str]] = [{}, {"a": "10"}, {"a": "2"}, {"a": "2", "b": "0"}, {"b": "1"}]
    assert [each for each, _, _ in found] == expected
    for _, times, columns in found:
        assert times == [now - 2 * SECOND, now - SECOND, now]
        assert columns == {"f": [2.0, 1.0, 0.0]}


def test_writing_the_same_body_again_changes_nothing(store: Store, now: int) -> None:
    sweeps = [
        [
            record("container", WEB, {"cpu": 0.1 * i, "mem": i}, now + i * SECOND),
            record("container", DB, {"cpu": 0.2 * i, "mem": i}, now + i * SECOND + 7),
            record("event", WEB, {"message": f"line {i}"}, now + i * SECOND),
        ]
        for i in range(5)
    ]
    store.writer.write(body(*sweeps))
    before = select(store.reader, "container", ["cpu", "mem"])
    texts = select(store.reader, "event", ["message"])
    store.writer.write(body(*sweeps[2:]))
    store.writer.write(body(*sweeps))
    assert select(store.reader, "container", ["cpu", "mem"]) == before
    assert select(store.reader, "event", ["message"]) == texts
    assert [len(times) for _, times, _ in before] == [5, 5]


def test_the_last_written_value_of_a_point_wins(store: Store, now: int) -> None:
    def write(*rows: Record) -> None:
        store.writer.write(body(rows))

    write(record("m", WEB, {"f": 1.0}, now), record("m", DB, {"f": 5.0}, now))
    write(record("m", WEB, {"f": 2.0}, now), record("m", WEB, {"f": 3.0}, now))
    assert select(store.reader, "m", ["f"]) == [
        (DB, [now], {"f": [5.0]}),
        (WEB, [now], {"f": [3.0]}),
    ]
    write(record("m", WEB, {"f": 1.0}, now), record("m", DB, {"f": 5.0}, now))
    assert select(store.reader, "m", ["f"])[1] == (WEB, [now], {"f": [1.0]})


def test_other_fields_of_a_point_are_added_to_it(store: Store, now: int) -> None:
    store.writer.write(body([record("m", WEB, {"f": 1.0}, now)]))
    store.writer.write(body([record("m", WEB, {"g": 2.0}, now)]))
    assert select(store.reader, "m", ["f", "g"]) == [(WEB, [now], {"f": [1.0], "g": [2.0]})]


def test_frames_with_the_same_beginning_do_not_replace_one_another(store: Store, now: int) -> None:
    for second in (5, 9, 9):
        rows = [record("m", WEB, {"f": t}, now + t * SECOND) for t in (0, second)]
        store.writer.write(body(rows))
    assert select(store.reader, "m", ["f"]) == [
        (WEB, [now, now + 5 * SECOND, now + 9 * SECOND], {"f": [0.0, 5.0, 9.0]})
    ]


def test_what_a_sample_lacks_is_absent(store: Store, now: int) -> None:
    store.writer.write(
        body(
            [
                record("m", WEB, {"f": 1.0}, now),
                record("m", WEB, {"g": 2.0}, now + SECOND),
                record("m", WEB, {"h": 2.0}, now + 2 * SECOND),
                record("m", DB, {"f": 4.0}, now),
            ]
        )
    )
    assert select(store.reader, "m", ["f", "g", "unknown"]) == [
        (DB, [now], {"f": [4.0], "g": [None], "unknown": [None]}),
        (
            WEB,
            [now, now + SECOND],
            {"f": [1.0, None], "g": [None, 2.0], "unknown": [None, None]},
        ),
    ]
    assert select(store.reader, "m", ["unknown"]) == []
    assert select(store.reader, "unknown", ["f"]) == []


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (Matcher("container", "=", "web"), ["web"]),
        (Matcher("container", "!=", "web"), ["", "web2", "wéb.3"]),
        (Matcher("container", "=", ""), [""]),
        (Matcher("container", "!=", ""), ["web", "web2", "wéb.3"]),
        (Matcher("container", "=~", "web"), ["web"]),
        (Matcher("container", "=~", "web.*"), ["web", "web2"]),
        (Matcher("container", "=~", "eb"), []),
        (Matcher("container", "=~", "web|x"), ["web"]),
        (Matcher("container", "=~", "x|web2"), ["web2"]),
        (Matcher("container", "=~", "x/y|w.b\\.3"), ["wéb.3"]),
        (Matcher("container", "!~", "web.*"), ["", "wéb.3"]),
        (Matcher("container", "=~", ".*"), ["", "web", "web2", "wéb.3"]),
        (Matcher("container", "=~", "(web)?"), ["", "web"]),
        (Matcher("container", "!~", ".+"), [""]),
        (Matcher("container", "!~", ""), ["web", "web2", "wéb.3"]),
        (Matcher("nosuch", "=", ""), ["", "web", "web2", "wéb.3"]),
        (Matcher("nosuch", "=", "x"), []),
        (Matcher("nosuch", "!=", "x"), ["", "web", "web2", "wéb.3"]),
        (Matcher("nosuch", "=~", "x.*"), []),
        (Matcher("nosuch", "!~", "x.*"), ["", "web", "web2", "wéb.3"]),
        (Matcher("f", "=", ""), ["", "web", "web2", "wéb.3"]),
        (Matcher("time", "=", ""), ["", "web", "web2", "wéb.3"]),
        (Matcher("time", "!=", ""), []),
    ],
)
def test_matchers(store: Store, now: int, matcher: Matcher, expected: list[str]) -> None:
    names = ["", "web", "web2", "wéb.3"]
    store.writer.write(body([record("m", {"container": n}, {"f": 1.0}, now) for n in names]))
    found = select(store.reader, "m", ["f"], matcher)
    assert [tags.get("container", "") for tags, _, _ in found] == expected


def test_all_matchers_have_to_hold(store: Store, now: int) -> None:
    tags = [{"container": c, "node": n} for c in ("web", "db") for n in ("n1", "n2")]
    store.writer.write(body([record("m", each, {"f": 1.0}, now) for each in tags]))
    matchers = (Matcher("container", "=", "web"), Matcher("node", "!~", "n2"))
    found = select(store.reader, "m", ["f"], *matchers)
    assert [each for each, _, _ in found] == [{"container": "web", "node": "n1"}]


@pytest.mark.parametrize("pattern", ["(", "a)|(b", "[", "a\\", "*"])
def test_a_bad_pattern_is_refused_in_words(store: Store, now: int, pattern: str) -> None:
    store.writer.write(body([record("m", WEB, {"f": 1.0}, now)]))
    with pytest.raises(BadRequest) as refused:
        select(store.reader, "m", ["f"], Matcher("container", "=~", pattern))
    assert refused.value.parameter == "match"
    assert "is no regular expression" in str(refused.value)


def test_both_ends_of_the_range_are_included(store: Store, now: int) -> None:
    times = [now + i * 10 * SECOND for i in range(30)]
    store.writer.write(body(*([record("m", WEB, {"f": i}, t)] for i, t in enumerate(times))))
    for start, end in ((3, 7), (0, 29), (12, 12)):
        found = select(store.reader, "m", ["f"], start=times[start], end=times[end])
        assert found == [(WEB, times[start : end + 1], {"f": list(range(start, end + 1))})]
    assert select(store.reader, "m", ["f"], start=times[0] + 1, end=times[1] - 1) == []
    assert select(store.reader, "m", ["f"], start=times[5], end=times[4]) == []


def test_days_are_joined(store: Store, now: int) -> None:
    midnight = now // DAY * DAY
    before = midnight - SECOND // 1000
    times = [midnight - DAY + SECOND, midnight - SECOND, before, midnight, midnight + SECOND]
    rows = [record("m", WEB, {"f": i}, t) for i, t in enumerate(times)]
    store.writer.write(body([*rows, record("m", DB, {"f": 9}, midnight)]))
    assert select(store.reader, "m", ["f"]) == [
        (DB, [midnight], {"f": [9.0]}),
        (WEB, times, {"f": [0.0, 1.0, 2.0, 3.0, 4.0]}),
    ]
    found = select(store.reader, "m", ["f"], start=before, end=midnight)
    assert found[1] == (WEB, [before, midnight], {"f": [2.0, 3.0]})


def test_texts_of_several_days_are_joined(store: Store, now: int) -> None:
    midnight = now // DAY * DAY
    times = [midnight - 1, midnight]
    rows = [record("m", WEB, {"s": str(i)}, t) for i, t in enumerate(times)]
    store.writer.write(body([*rows, record("m", DB, {"f": 9}, midnight)]))
    assert select(store.reader, "m", ["f", "s"]) == [
        (DB, [midnight], {"f": [9.0], "s": [None]}),
        (WEB, times, {"f": [None, None], "s": ["0", "1"]}),
    ]


def test_more_samples_than_the_limit_are_refused(store: Store, now: int) -> None:
    sweeps = [
        [record("m", tags, {"f": i, "s": "x"}, now + i * 10 * SECOND) for tags in (WEB, DB)]
        for i in range(50)
    ]
    store.writer.write(body(*sweeps))
    web = Matcher("container", "=", "web")
    assert len(select(store.reader, "m", ["f"], web, limit=50)[0][1]) == 50
    for fields in (["f"], ["s"]):
        with pytest.raises(BadRequest, match="49 samples") as refused:
            select(store.reader, "m", fields, web, limit=49)
        assert "range" in refused.value.hint
    assert len(select(store.reader, "m", ["f"], limit=100)) == 2
    with pytest.raises(BadRequest):
        select(store.reader, "m", ["f"], limit=99)


def test_many_members_in_one_body(store: Store, now: int) -> None:
    sweeps = [[record("m", WEB, {"f": i}, now + i * SECOND)] for i in range(500)]
    store.writer.write(body(*sweeps))
    [(_, times, columns)] = select(store.reader, "m", ["f"])
    assert times == [now + i * SECOND for i in range(500)]
    assert columns["f"] == [float(i) for i in range(500)]


def test_good_lines_beside_bad_ones_are_stored(store: Store, now: int) -> None:
    bad = f"m,container=a f=1 {now}\nm,container=b nothing {now}\nm,container=c f=3 {now}\n"
    with pytest.raises(StoreRejected) as refused:
        store.writer.write(raw(bad) + raw(f"m,container=d f=4 {now}\n"))
    assert "m,container=b nothing" in str(refused.value)
    assert "\n" not in str(refused.value)
    found = select(store.reader, "m", ["f"])
    assert [tags["container"] for tags, _, _ in found] == ["a", "c", "d"]


def test_a_text_where_a_number_was_is_refused(store: Store, now: int) -> None:
    store.writer.write(raw(f'm f=1,s="x" {now}\n'))
    with pytest.raises(StoreRejected, match="f"):
        store.writer.write(raw(f'm f="text" {now + 1}\n'))
    with pytest.raises(StoreRejected, match="s"):
        store.writer.write(raw(f"m s=2 {now + 1}\n"))
    assert select(store.reader, "m", ["f", "s"]) == [({}, [now], {"f": [1.0], "s": ["x"]})]


def test_a_body_that_is_not_gzip_is_refused(store: Store, now: int) -> None:
    with pytest.raises(StoreRejected):
        store.writer.write(b"m f=1\n")
    assert select(store.reader, "m", ["f"]) == []


def test_an_empty_body_is_nothing(store: Store) -> None:
    store.writer.write(b"")
    store.writer.write(body([]))
    assert select(store.reader, "m", ["f"]) == []


hostile = st.text(
    st.characters(codec="utf-8") | st.sampled_from(list("\\\"', =\n/;()-")), min_size=1, max_size=12
)
names = hostile.filter(lambda name: not name.startswith("_") and name.strip() not in ("", "time"))
tags = st.dictionaries(names.map(lambda n: f"t{n}"), hostile, max_size=3)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    measurement=names.map(lambda n: safe_name(f"m{n}")),
    tag_sets=st.lists(tags, min_size=1, max_size=4),
    field=names.map(lambda n: f"n{n}"),
    data=st.data(),
)
def test_hostile_names_come_back_and_forge_nothing(
    make_store: Callable[[], Store],
    now: int,
    measurement: str,
    tag_sets: list[dict[str, str]],
    field: str,
    data: st.DataObject,
) -> None:
    store = make_store()
    rows = [
        record(measurement, each, {field: data.draw(st.integers(0, 1 << 50))}, now + i * SECOND)
        for i, each in enumerate(tag_sets)
    ]
    store.writer.write(body(rows))
    field = safe_name(field)  # the rows as line protocol carries them (see monitor.escaping)
    stored = [(dict(row.series.tags), row.time_ns, *row.fields.values()) for row in rows]
    found = select(store.reader, measurement, [field])
    flat = [
        (each, *sample)
        for each, times, columns in found
        for sample in zip(times, columns[field], strict=True)
    ]
    assert sorted(flat, key=str) == sorted(stored, key=str)
    for each, at, _ in stored:
        matchers = [Matcher(name, "=", value) for name, value in each.items()]
        again = select(store.reader, measurement, [field], *matchers)
        assert (each, at) in [(tags, time) for tags, times, _ in again for time in times]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=names.map(lambda n: f"s{n}"), text=hostile)
def test_hostile_texts_come_back(
    make_store: Callable[[], Store], now: int, name: str, text: str
) -> None:
    store = make_store()
    store.writer.write(body([record("m", WEB, {name: text}, now)]))
    [(_, _, columns)] = select(store.reader, "m", [safe_name(name)])
    assert columns == {safe_name(name): [safe_text(text)]}
