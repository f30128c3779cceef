"""Columns as blobs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stores.embedded.codec import pack, unpack


@given(st.lists(st.floats(allow_nan=False) | st.sampled_from([0.0, 1e9]), min_size=1, max_size=300))
def test_numbers_come_back_bit_by_bit(numbers: list[float]) -> None:
    array = np.array(numbers, np.float64)
    assert unpack(pack(array), len(array)) == array.tobytes()


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=50))
def test_times_come_back(times: list[int]) -> None:
    array = np.array(times, np.int64)
    assert np.frombuffer(unpack(pack(array), len(array)), "<i8").tolist() == times


def test_what_resembles_itself_gets_small() -> None:
    assert len(pack(np.zeros(500))) < 40
    assert len(pack(np.arange(500) * 4096.0 + 1e9)) < 2000


@pytest.mark.parametrize("blob", [b"", b"\xff" * 10, pack(np.zeros(99)), pack(np.zeros(101))])
def test_a_damaged_blob_is_an_error(blob: bytes) -> None:
    with pytest.raises(ValueError, match="column"):
        unpack(blob, 100)
