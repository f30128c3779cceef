"""Columns as blobs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stores.embedded.codec import pack, unpack

FLOATS = st.floats(allow_nan=False) | st.sampled_from([0.0, 1e9])


@given(st.integers(1, 90).flatmap(lambda n: st.lists(st.lists(FLOATS, min_size=n, max_size=n))))
def test_numbers_come_back_bit_by_bit(rows: list[list[float]]) -> None:
    arrays = [np.array(row, np.float64) for row in rows]
    count = len(rows[0]) if rows else 1
    found = unpack([pack(array) for array in arrays], count, "<f8")
    assert found.shape == (len(rows), count)
    assert found.tobytes() == b"".join(array.tobytes() for array in arrays)


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=50))
def test_times_come_back(times: list[int]) -> None:
    array = np.array(times, np.int64)
    assert unpack([pack(array)], len(array), "<i8").tolist() == [times]


def test_what_resembles_itself_gets_small() -> None:
    assert len(pack(np.zeros(500))) < 40
    assert len(pack(np.arange(500) * 4096.0 + 1e9)) < 2000


@pytest.mark.parametrize("blob", [b"", b"\xff" * 10, pack(np.zeros(99)), pack(np.zeros(101))])
def test_a_damaged_blob_is_an_error(blob: bytes) -> None:
    with pytest.raises(ValueError, match="column"):
        unpack([pack(np.arange(100.0)), blob], 100, "<f8")
