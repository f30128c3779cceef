"""The window form over arrays agrees with the scalar form, which is the one that is read."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.query import windows
from monitor.query.windows import Buckets, Flat
from monitor.rates import Sample, median_spacing_ns, window

S = 1_000_000_000
T0 = 1_700_000_000 * S


def flat(many: list[list[Sample]]) -> Flat:
    """The arrays of some series; an unknown start is NaN."""
    return Flat.of(
        [
            (
                np.array([s.time_ns for s in samples], dtype=np.int64),
                np.array([s.value for s in samples], dtype=float),
                np.array(
                    [math.nan if s.start_seconds is None else s.start_seconds for s in samples],
                    dtype=float,
                ),
            )
            for samples in many
        ]
    )


@st.composite
def series(draw: st.DrawFn) -> list[Sample]:
    """Any samples in ascending order: gaps of every length, any values, any starts."""
    time = T0 + draw(st.integers(-100 * S, 100 * S))
    samples = []
    for _ in range(draw(st.integers(0, 12))):
        distance = draw(st.one_of(st.just(10 * S), st.integers(1, 90 * S)))
        time += distance
        start = draw(
            st.one_of(
                st.none(),
                st.floats(-distance * 3, distance).map(lambda d, t=time: (t + d) / S),
                st.sampled_from([0.0, 1e300, -1e300]),
            )
        )
        samples.append(Sample(time, draw(st.floats(0, 1e15)), start))
    return samples


buckets = st.builds(
    Buckets,
    st.integers(T0 - 300 * S, T0 + 300 * S),
    st.one_of(st.just(10 * S), st.integers(S // 2, 400 * S)),
    st.integers(1, 40),
)


@given(st.lists(series(), max_size=4), buckets)
def test_the_arrays_agree_with_the_scalar_form(many: list[list[Sample]], grid: Buckets) -> None:
    found = windows.rates(flat(many), grid).tolist()
    wanted = [
        [
            math.nan if b.rate is None else b.rate
            for b in window(samples, grid.start_ns, grid.step_ns, grid.count)
        ]
        for samples in many
    ]
    for row, expected in zip(found, wanted, strict=True):
        assert row == pytest.approx(expected, rel=1e-9, nan_ok=True)


@given(st.lists(series(), max_size=4), buckets)
def test_increases_agree_with_the_scalar_form(many: list[list[Sample]], grid: Buckets) -> None:
    found, covered = windows.counters(flat(many), grid)
    for i, samples in enumerate(many):
        wanted = window(samples, grid.start_ns, grid.step_ns, grid.count)
        assert found[i].tolist() == pytest.approx([b.increase for b in wanted], rel=1e-9)
        assert covered[i].tolist() == pytest.approx([b.covered_seconds for b in wanted], rel=1e-9)


def plain_gauge(samples: list[Sample], grid: Buckets, name: str) -> list[float]:
    """The gauge functions as one would say them."""
    longest = 3.5 * max(median_spacing_ns([s.time_ns for s in samples]), 10 * S)
    row: list[float] = []
    for i in range(grid.count):
        low = grid.start_ns + i * grid.step_ns
        inside = [s.value for s in samples if low <= s.time_ns < low + grid.step_ns]
        around = [
            a.value
            for a, b in pairwise(samples)
            if a.time_ns < low
            and b.time_ns >= low + grid.step_ns
            and b.time_ns - a.time_ns <= longest
        ]
        if inside:
            mean = sum(inside) / len(inside)
            row.append({"last": inside[-1], "max": max(inside), "mean": mean}[name])
        else:
            row.append(around[0] if around else math.nan)
    return row


@given(st.lists(series(), max_size=4), buckets, st.sampled_from(["last", "mean", "max"]))
def test_gauges_agree_with_a_plain_evaluator(
    many: list[list[Sample]], grid: Buckets, name: str
) -> None:
    found = windows.FUNCTIONS[name](flat(many), grid).tolist()
    for row, samples in zip(found, many, strict=True):
        assert row == pytest.approx(plain_gauge(samples, grid, name), nan_ok=True)


@given(st.lists(series(), max_size=4))
def test_spacings_are_the_scalar_medians(many: list[list[Sample]]) -> None:
    wanted = [median_spacing_ns([s.time_ns for s in samples]) for samples in many]
    assert flat(many).spacings().tolist() == wanted


def test_samples_without_a_value_are_left_out() -> None:
    times = np.array([T0, T0 + S, T0 + 2 * S])
    start = np.full(3, np.nan)
    one = Flat.of([(times, np.array([1.0, np.nan, 5.0]), start)])
    assert windows.rates(one, Buckets(T0, S, 2)).tolist() == [[2.0, 2.0]]


def test_a_missed_sweep_is_no_hole_in_a_gauge_but_a_gap_is() -> None:
    samples = [Sample(T0 + s * S, s) for s in (0, 10, 20, 40, 50, 60, 110)]
    found = windows.last(flat([samples]), Buckets(T0, 10 * S, 13)).tolist()[0]
    nan = math.nan
    wanted = [0, 10, 20, 20, 40, 50, 60, nan, nan, nan, nan, 110, nan]
    assert found == pytest.approx(wanted, nan_ok=True)
