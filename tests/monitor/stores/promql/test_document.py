"""Series out of a JSON document that comes in pieces of any size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from monitor.stores.promql.document import series


def _document(members: list[Any], **form: Any) -> bytes:
    data = {"resultType": "matrix", "result": members}
    document = {"status": "success", "isPartial": False, "data": data, "warnings": ['"result":[']}
    return json.dumps(document, ensure_ascii=False, **form).encode()


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


MEMBERS: list[Any] = [
    {"metric": {"a": '}]},{"metric":', "ü": "é☃"}, "values": [[1.5, "2"], [2, "NaN"]]},
    {"metric": {}, "values": [[at, str(at)] for at in range(100)]},
    {"metric": {"b": "]"}, "values": [[1, "+Inf"]]},
]


@pytest.mark.parametrize("size", [1, 2, 7, 100, 100_000])
@pytest.mark.parametrize("form", [{}, {"indent": 2}, {"separators": (",", ":")}])
@pytest.mark.parametrize("count", range(4))
def test_each_comes_once_however_it_is_cut(size: int, form: dict[str, Any], count: int) -> None:
    data = _document(MEMBERS[:count], **form)
    assert list(series(_pieces(data, size))) == MEMBERS[:count]


def test_the_first_comes_before_the_last_was_read() -> None:
    pieces = _pieces(_document(MEMBERS), 150)
    next(series(pieces))
    assert b"+Inf" in b"".join(pieces)


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>" * 2000, b"{}", b"\xff", _document(MEMBERS)[:-90], b'"result":[{"a":1},x]'],
)
def test_what_is_no_such_document_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        list(series(_pieces(data, 64)))


def test_a_long_series_is_not_parsed_again_and_again() -> None:
    long = [{"metric": {}, "values": [[at, str(at)] for at in range(300_000)]}]
    assert list(series(_pieces(_document(long), 1000))) == long
