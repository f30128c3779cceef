"""The scalar rate function, its rules one by one and as properties."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rates import Bucket, Sample, increase, is_reset, median_spacing_ns, rate, window

S = 1_000_000_000
T0 = 1_700_000_000 * S


def at(seconds: float, value: float, start: float | None = None) -> Sample:
    """A sample `seconds` after T0, of a counter that started `start` seconds after T0."""
    began = None if start is None else T0 / S + start
    return Sample(T0 + round(seconds * S), value, began)


def test_a_rate_is_the_increase_over_the_samples_own_times() -> None:
    assert rate(at(0, 5), at(10.5, 10.25)) == pytest.approx(0.5)


def test_no_time_no_rate() -> None:
    assert rate(at(3, 1), at(3, 2)) is None
    assert rate(at(3, 1), at(2, 2)) is None


def test_a_smaller_counter_is_a_reset() -> None:
    assert is_reset(at(0, 100, -50), at(10, 4, -50))
    assert increase(at(0, 100), at(10, 4)) == 4


def test_a_newer_start_is_a_reset_though_the_counter_is_larger() -> None:
    a, b = at(0, 1, -50), at(10, 4, 6)
    assert is_reset(a, b)
    assert rate(a, b) == pytest.approx(0.4)


@pytest.mark.parametrize("start", [-49.0, -51.0, -0.01])
def test_a_jittering_start_older_than_the_previous_sample_is_no_reset(start: float) -> None:
    a, b = at(0, 100, -50), at(10, 104, start)
    assert not is_reset(a, b)
    assert increase(a, b) == 4


def test_the_spacing_is_the_lower_median() -> None:
    assert median_spacing_ns([0, 10, 20, 1000]) == 10
    assert median_spacing_ns([0, 10, 1000]) == 10
    assert median_spacing_ns([5]) == median_spacing_ns([]) == 0


def rates(samples: list[Sample], step: float, count: int) -> list[float | None]:
    return [bucket.rate for bucket in window(samples, T0, round(step * S), count)]


def test_edges_are_split_in_proportion() -> None:
    # 1 core for 10 s from -5, then 3 cores: the bucket 0..10 has half of each.
    samples = [at(-5, 0), at(5, 10), at(15, 40)]
    assert rates(samples, 10, 2) == pytest.approx([2.0, 3.0])
    assert window(samples, T0, 10 * S, 2)[1] == Bucket(15.0, 5.0)


def test_a_missed_sweep_costs_only_resolution() -> None:
    samples = [at(0, 0), at(10, 1), at(20, 2), at(40, 8), at(50, 9)]
    assert rates(samples, 10, 5) == pytest.approx([0.1, 0.1, 0.3, 0.3, 0.1])


def test_a_gap_is_null_and_no_line_is_drawn_across() -> None:
    samples = [at(s, s / 10) for s in (0, 10, 20, 30, 80, 90, 100)]
    found = rates(samples, 10, 10)
    assert found == pytest.approx([0.1] * 3 + [None] * 5 + [0.1] * 2)


def test_a_gap_inside_one_bucket_is_part_of_its_sum() -> None:
    samples = [at(s, s / 10) for s in (0, 10, 20, 30, 80, 90, 100)]
    assert window(samples, T0, 100 * S, 1) == [Bucket(pytest.approx(10.0), 100.0)]


def test_readings_between_the_ticks_make_no_gaps() -> None:
    # A container that begins at 0, is swept at 9 and 19, and ends at 22; and three like it before.
    times = [life + age for life in (0, 25, 50, 75) for age in (0, 0.5, 9, 19, 22)]
    samples = [at(s, s % 25, 25 * (s // 25)) for s in times]
    found = rates(samples, 1, 97)
    assert None not in found and max(rate or 0 for rate in found) <= 1.01


def test_a_scrape_of_every_second_for_a_while_makes_no_gaps_before_and_after() -> None:
    times = [*range(0, 100, 10), *range(100, 150), *range(150, 210, 10)]
    assert rates([at(s, s / 10) for s in times], 5, 40) == pytest.approx([0.1] * 40)


def test_a_restart_in_a_gap_keeps_the_new_counters_sum() -> None:
    # Stopped after 30, started again at 75, seen at 80: 2 s of CPU in one spacing, not in 5 s.
    samples = [at(s, s / 10, -99) for s in (0, 10, 20, 30)]
    samples += [at(80, 2, 75), at(90, 3, 75)]
    assert rates(samples, 10, 9) == pytest.approx([0.1] * 3 + [None] * 4 + [0.2, 0.1])


def test_a_restart_long_before_the_first_sample_after_a_gap_stays_a_gap() -> None:
    samples = [at(s, s / 10, -99) for s in (0, 10, 20, 30)] + [at(90, 2, 40), at(100, 3, 40)]
    assert rates(samples, 10, 10) == pytest.approx([0.1] * 3 + [None] * 6 + [0.1])


@st.composite
def counter(draw: st.DrawFn) -> list[Sample]:
    """Samples with jitter, missed sweeps and restarts, and whether starts are known."""
    time, value, start = draw(st.floats(-60, 60)), draw(st.floats(0, 1e6)), -1e4
    known = draw(st.booleans())
    samples = [at(time, value, start if known else None)]
    for _ in range(draw(st.integers(0, 30))):
        passed = draw(st.sampled_from([10.0, 10.0, 10.0, 9.9, 10.2, 20.0, 30.0, 34.9]))
        value += draw(st.floats(0, 4)) * passed
        if draw(st.integers(0, 9)) == 0:
            start, value = time + passed * draw(st.floats(0.01, 0.99)), draw(st.floats(0, 40))
        time += passed
        samples.append(at(time, value, start if known else None))
    return samples


@given(counter(), st.floats(0.7, 100), st.integers(0, 3))
def test_the_sum_of_rate_times_duration_is_the_counters_increase(
    samples: list[Sample], step: float, phase: int
) -> None:
    step_ns = round(step * S)
    start = samples[0].time_ns - phase * step_ns // 3
    count = (samples[-1].time_ns - start) // step_ns + 1
    buckets = window(samples, start, step_ns, count)
    total = sum(increase(a, b) for a, b in pairwise(samples))
    parts = sum(b.rate * b.covered_seconds for b in buckets if b.rate is not None)
    spacing = median_spacing_ns([s.time_ns for s in samples])
    longest = max((b.time_ns - a.time_ns for a, b in pairwise(samples)), default=0)
    if longest <= 3.5 * spacing:
        assert parts == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert all(b.rate is None or b.rate >= 0 for b in buckets)
    assert all(0 <= b.covered_seconds <= step_ns / S for b in buckets)


def test_the_rate_function_needs_no_numpy() -> None:
    code = "import sys, monitor.rates; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
