"""Times and durations as Go has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import integers

from collector.cadvisor.gotime import ZERO, parse_duration, parse_rfc3339, rfc3339


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (None, ZERO),
        (0, "1970-01-01T00:00:00Z"),
        (1_700_000_000_000_000_000, "2023-11-14T22:13:20Z"),
        (1_700_000_000_120_000_000, "2023-11-14T22:13:20.12Z"),
        (1_700_000_000_000_000_001, "2023-11-14T22:13:20.000000001Z"),
    ],
)
def test_a_time_is_written_without_trailing_zeros(time_ns: int | None, text: str) -> None:
    assert rfc3339(time_ns) == text


@given(integers(0, 2**62))
def test_what_is_written_is_read_to_the_nanosecond(time_ns: int) -> None:
    assert parse_rfc3339(rfc3339(time_ns)) == time_ns


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000 * 10**9),
        ("2023-11-14T23:13:20.5+01:00", 1_700_000_000 * 10**9 + 5 * 10**8),
        ("2023-11-14t22:13:20.1234567891z", 1_700_000_000_123_456_789),
        ("0001-01-01T00:00:00Z", None),
    ],
)
def test_times_that_callers_send(text: str, time_ns: int | None) -> None:
    assert parse_rfc3339(text) == time_ns


@pytest.mark.parametrize(
    "text", ["", "now", "2023-11-14", "2023-02-31T00:00:00Z", "2023-11-14T22:13:20", "٢٠٢٣"]
)
def test_what_is_no_time_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("1m30s", 90), ("250ms", 0.25), ("1.5h", 5400), ("0", 0), ("-1s", -1)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "1d", "1s ", "1e9s", "10s\n"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)
