import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import LineProtocolError
from monitor.escaping import MAX_NAME_BYTES, MAX_VALUE_BYTES, safe_name, safe_text
from monitor.lineprotocol import Parser, encode
from monitor.record import Record, Series

texts = st.text(max_size=40)
names = st.text(min_size=1, max_size=20).filter(lambda name: safe_name(name) != "")
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
records = st.builds(
    Record,
    st.builds(
        Series,
        st.sampled_from(["container", "weir", "a b,c"]),
        st.dictionaries(names, texts).map(lambda d: tuple(d.items())),
    ),
    st.dictionaries(names, numbers | st.booleans() | texts, min_size=1),
    st.integers(0, 2**62),
)


def parse(data: bytes) -> list[Record]:
    return list(Parser().parse(data))


def test_a_container_row_reads_as_the_stores_document_it() -> None:
    series = Series.of("container", {"node": "n1", "container": "web", "namespace": None})
    record = Record(series, {"cpu_usage_seconds_total": 1.5, "memory_usage_bytes": 4096}, 1_000)

    assert encode([record]) == (
        b"container,container=web,node=n1 "
        b"cpu_usage_seconds_total=1.5,memory_usage_bytes=4096i 1000\n"
    )


@given(st.lists(records, max_size=5))
def test_what_is_encoded_is_parsed_again(written: list[Record]) -> None:
    read = parse(encode(written))

    assert [(r.series, r.time_ns) for r in read] == [(r.series, r.time_ns) for r in written]
    for was, now in zip(written, read, strict=True):
        safe = {
            safe_name(k): safe_text(v) if isinstance(v, str) else v for k, v in was.fields.items()
        }
        assert now.fields == safe


@given(records)
def test_one_record_is_one_line_whatever_it_is_called(record: Record) -> None:
    assert encode([record]).count(b"\n") == 1
    assert len(encode([record]).decode().splitlines()) == 1


@pytest.mark.parametrize(
    "hostile",
    [
        "a\ncontainer,container=forged x=1i 1",
        "a b=1,c=2",
        'quo"te',
        "tail\\",
        "\\,x=1",
        "a\r\nb",
        "",
    ],
)
def test_a_hostile_name_forges_no_tag_and_no_line(hostile: str) -> None:
    record = Record(Series("m", (("node", "n"), ("container", hostile))), {"x": 1}, 5)

    (read,) = parse(encode([record]))

    assert read == record
    assert set(dict(read.series.tags)) <= {"node", "container"}


def test_long_names_and_values_are_cut_at_whole_characters() -> None:
    series = Series("m", (("n" * 999, "é" * 9999),))
    ((name, value),) = series.tags

    assert len(name.encode()) == MAX_NAME_BYTES
    assert len(value.encode()) <= MAX_VALUE_BYTES
    assert set(value) == {"é"}


def test_what_is_not_finite_is_left_out() -> None:
    series = Series("m")

    assert encode([Record(series, {"a": math.nan, "b": 1}, 5)]) == b"m b=1i 5\n"
    assert encode([Record(series, {"a": math.inf}, 5)]) == b""


def test_blank_lines_and_comments_are_skipped() -> None:
    assert len(parse(b"\n# a comment\nm x=1 5\n\n")) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"m", "no fields"),
        (b"m x=1", "no timestamp"),
        (b"m x=1 soon", "invalid literal"),
        (b"m x=abc 5", "could not convert"),
        (b"m x=nan 5", "not finite"),
        (b"m,tag x=1 5", "a tag without a value"),
        (b'm x="open 5', "not key=value"),
        (b"m x= 5", "could not convert"),
    ],
)
def test_what_is_no_line_names_the_line_and_the_reason(line: bytes, reason: str) -> None:
    with pytest.raises(LineProtocolError, match=reason) as raised:
        parse(b"m x=1 5\n" + line)

    assert raised.value.line == 2


def test_series_with_the_same_tags_in_another_order_are_equal() -> None:
    assert Series("m", (("b", "2"), ("a", "1"))) == Series("m", (("a", "1"), ("b", "2")))
    assert Series.of("m", {"a": "", "b": None}) == Series("m")


def test_of_series_that_are_not_wanted_comes_nothing_and_their_fields_may_be_anything() -> None:
    asked: list[str] = []

    def wanted(series: Series) -> bool:
        asked.append(series.measurement)
        return series.measurement == "cpu"

    lines = b"cpu,host=a x=1 1\nmem,host=a x=nonsense 1\ncpu,host=a x=2 2\nmem,host=a x=1\n"
    parser = Parser(wanted=wanted)
    found = [record.fields["x"] for record in parser.parse(lines)]
    assert (found, asked) == ([1, 2], ["cpu", "mem"])
    assert [record.time_ns for record in parser.parse(b"mem,host=a x=1 3\ncpu,host=a x=1 4")] == [4]
