"""DerivedStats, held against figures worked out by hand from cAdvisor's rules."""

from __future__ import annotations

from collector.cadvisor.samples import Point
from collector.cadvisor.summary import derived
from tests.collector.cadvisor.recorded import SECOND, SHAPES, T0, complaints

MINUTE = 60 * SECOND


def line(seconds: int, step: int, cores: float, memory: int = 100) -> list[Point]:
    """A container that uses so many cores all the time."""
    return [
        Point(T0 + at * SECOND, round(at * cores * SECOND), memory)
        for at in range(0, seconds + 1, step)
    ]


def test_nothing_is_known_of_what_has_no_samples() -> None:
    found = derived([], [])
    assert complaints(SHAPES["model.DerivedStats"], found) == []
    assert found["latest_usage"] == {"cpu": 0, "memory": 0}
    assert found["minute_usage"]["percent_complete"] == 0
    assert not found["day_usage"]["cpu"]["present"]


def test_a_steady_container_has_one_figure_everywhere() -> None:
    found = derived(line(3600, 10, 0.25), line(86400, 600, 0.25))
    assert complaints(SHAPES["model.DerivedStats"], found) == []
    assert found["latest_usage"] == {"cpu": 250, "memory": 100}
    for window in ("minute_usage", "hour_usage", "day_usage"):
        usage = found[window]
        assert usage["percent_complete"] == 100
        assert usage["cpu"] | {"count": 0} == {
            "present": True, "mean": 250, "std": 0, "max": 250, "fifty": 250, "ninety": 250,
            "ninetyfive": 250, "count": 0,
        }  # fmt: skip
    assert [found[f"{w}_usage"]["cpu"]["count"] for w in ("minute", "hour", "day")] == [6, 60, 144]


def test_percentiles_of_a_minute_are_cadvisor_s() -> None:
    # 100, 200 … 600 milli-cores in six steps of ten seconds.
    points, cpu = [Point(T0, 0, 1)], 0
    for step in range(1, 7):
        cpu += step * SECOND
        points.append(Point(T0 + step * 10 * SECOND, cpu, step + 1))
    usage = derived(points, [])["minute_usage"]
    assert usage["cpu"] == {
        "present": True, "mean": 350, "std": 187, "max": 600,
        "fifty": 350,  # at 3.5: half way from the third to the fourth
        "ninety": 600,  # at 6.3: the last
        "ninetyfive": 600, "count": 6,
    }  # fmt: skip
    assert (usage["memory"]["mean"], usage["memory"]["count"]) == (4, 7)


def test_the_hour_is_over_the_minutes_90th_percentiles() -> None:
    quiet, busy = line(60, 10, 0.1), []
    for step in range(1, 7):  # a second minute: half a core but for one step of two cores
        last = (busy or quiet)[-1]
        used = (2 if step == 3 else 0.5) * 10 * SECOND
        busy.append(Point(last.time_ns + 10 * SECOND, last.cpu_ns + round(used), 100))
    usage = derived(quiet + busy, [])["hour_usage"]["cpu"]
    assert (usage["count"], usage["max"], usage["mean"]) == (2, 2000, (100 + 750) // 2)
    assert usage["ninety"] == 2000  # of the minutes' 100 and 2000
    assert derived(quiet + busy, [])["hour_usage"]["percent_complete"] == 3


def test_a_reset_is_no_rate() -> None:
    points = [Point(T0, 5 * SECOND, 1), Point(T0 + 10 * SECOND, SECOND, 1)]
    found = derived(points, points)
    assert found["latest_usage"]["cpu"] == 0
    assert not found["day_usage"]["cpu"]["present"]
