"""Whatever lines a store refuses, exactly these are found, in few writes."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.aggregator.bisection import MOST_LINES, MOST_WRITES, Refused, refused_in
from monitor.errors import StoreRejected, StoreTooLarge, StoreUnavailable
from monitor.gzipped import packed_members

Records = list[list[bytes]]


class Store:
    """Takes what `refuse` says nothing against; `lines` are what it has."""

    def __init__(self, refuse: Callable[[set[bytes]], str]) -> None:
        self._refuse = refuse
        self.lines: set[bytes] = set()
        self.writes = 0

    def write(self, body: bytes) -> None:
        self.writes += 1
        lines = set(gzip.decompress(body).splitlines(keepends=True))
        if reason := self._refuse(lines):
            raise StoreRejected(reason)
        self.lines |= lines


def _body(records: Records) -> bytes:
    return b"".join(gzip.compress(b"".join(lines)) for lines in records)


def _line(record: int, number: int) -> bytes:
    return b"m,r=%d v=%d 1\n" % (record, number)


@st.composite
def _some_bad(draw: st.DrawFn) -> tuple[Records, set[bytes]]:
    """Records of any length, with fewer bad lines in each than would end the search."""
    records: Records = []
    bad: set[bytes] = set()
    for record in range(draw(st.integers(1, 6))):
        lines = [_line(record, number) for number in range(draw(st.integers(1, 40)))]
        records.append(lines)
        bad |= set(draw(st.lists(st.sampled_from(lines), max_size=MOST_LINES, unique=True)))
    return records, bad


@given(_some_bad())
def test_exactly_the_bad_lines_are_found(case: tuple[Records, set[bytes]]) -> None:
    records, bad = case
    store = Store(lambda lines: "bad" if lines & bad else "")
    if not bad:
        return
    found = refused_in(_body(records), "bad", store.write)
    assert [refused for record in found for refused in record] == [
        Refused(line, "bad") for record in records for line in record if line in bad
    ]
    assert len(found) == sum(1 for lines in records if bad & set(lines))
    everything = {line for lines in records for line in lines}
    assert store.lines == everything - bad
    assert store.writes <= 2 * len(bad) * (math.ceil(math.log2(len(everything))) + 2)


def test_one_bad_line_of_a_large_body_costs_few_writes() -> None:
    records = [[_line(record, number) for number in range(90)] for record in range(30)]
    bad = _line(17, 42)
    store = Store(lambda lines: "bad" if bad in lines else "")
    assert refused_in(_body(records), "bad", store.write) == [[Refused(bad, "bad")]]
    assert store.writes <= 2 * (math.ceil(math.log2(30)) + math.ceil(math.log2(90)))


@pytest.mark.parametrize(("records", "lines"), [(1, 5000), (50, 90), (400, 3)])
def test_where_all_is_bad_the_search_ends(records: int, lines: int) -> None:
    body = [[_line(record, number) for number in range(lines)] for record in range(records)]
    store = Store(lambda lines: "all")
    found = refused_in(_body(body), "all", store.write)
    kept = b"".join(refused.lines for record in found for refused in record)
    assert kept == b"".join(line for lines in body for line in lines)
    assert store.writes < MOST_WRITES + 100


def test_behind_the_end_of_the_search_good_records_are_still_written() -> None:
    records = [[_line(record, number) for number in range(90)] for record in range(64)]
    bad = {line for record in records[:40] for line in record}
    store = Store(lambda lines: "bad" if lines & bad else "")
    found = refused_in(_body(records), "bad", store.write)
    kept = {
        line
        for record in found
        for refused in record
        for line in refused.lines.splitlines(keepends=True)
    }
    everything = {line for lines in records for line in lines}
    assert kept | store.lines == everything
    assert not kept & store.lines
    assert {line for record in records[40:] for line in record} <= store.lines


def test_each_line_has_its_own_reason_and_comments_are_none() -> None:
    records = [[b"# a comment\n", b"a v=1 1\n", b"\n", b"b v=1 1\n", b"c v=1 1\n"]]
    reasons = {b"a v=1 1\n": "too old", b"c v=1 1\n": "type conflict"}
    store = Store(lambda lines: "; ".join(reasons[line] for line in sorted(lines & reasons.keys())))
    assert refused_in(_body(records), "both", store.write) == [
        [Refused(b"a v=1 1\n", "too old"), Refused(b"c v=1 1\n", "type conflict")]
    ]
    assert store.lines == {b"b v=1 1\n"}


def test_a_lone_line_is_not_asked_for_twice() -> None:
    store = Store(lambda lines: "never asked")
    assert refused_in(_body([[b"a v=1 1\n"]]), "why", store.write) == [
        [Refused(b"a v=1 1\n", "why")]
    ]
    assert store.writes == 0


def test_what_is_too_large_is_divided_until_it_fits() -> None:
    lines = [_line(0, number) for number in range(100)]
    written: list[bytes] = []

    def write(body: bytes) -> None:
        if len(decoded := gzip.decompress(body)) > 200:
            raise StoreTooLarge("413")
        written.append(decoded)

    assert refused_in(_body([lines]), "413", write) == []
    assert b"".join(written) == b"".join(lines)


def test_another_error_ends_the_search_at_once() -> None:
    def write(body: bytes) -> None:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable, match="away"):
        refused_in(_body([[b"a v=1 1\n", b"b v=1 1\n"]]), "no", write)


def test_members_come_as_they_are_packed() -> None:
    packed = [gzip.compress(text) for text in (b"a\n", b"", b"b\n" * 100_000)]
    assert list(packed_members(b"".join(packed))) == packed
    with pytest.raises(ValueError, match="gzip member 2 is cut short"):
        list(packed_members(packed[0] + packed[2][:-5]))
