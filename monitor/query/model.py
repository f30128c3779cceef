"""The query: what /api/v1/query asks, validated against the catalogue and bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.catalogue import CATALOGUE, TAGS, Metric
from monitor.errors import BadRequest
from monitor.query import matchers, parameters
from monitor.query.parameters import NS, MultiMapping
from monitor.stores.protocols import Matcher

PARAMETERS = ("metric", "fn", "by", "match", "start", "end", "step", "top")
COUNTER_FUNCTIONS = ("rate", "increase")
FUNCTIONS = (*COUNTER_FUNCTIONS, "last", "mean", "max")

DEFAULT_RANGE = "-1h"
DEFAULT_POINTS = 360
MAX_POINTS = 11_000
MAX_RANGE_DAYS = 366
MAX_TOP = 1000
MIN_STEP_SECONDS = 0.1

_CPU_TIMES = ("cpu_usage_", "cpu_user_", "cpu_system_", "cpu_seconds_", "sweep_cpu_")


@dataclass(frozen=True, slots=True)
class Query:
    """`fn` of `metric` in buckets from `start_ns` to `end_ns`.

    `by` are the tags to keep while summing over the others, None to sum over nothing. `step_ns`
    None lets the samples decide; `aligned` puts the buckets' edges on multiples of the step, so
    that the same bucket has the same value whenever it is asked for. `top` None keeps all series.
    """

    metric: Metric
    fn: str
    by: tuple[str, ...] | None
    matchers: tuple[Matcher, ...]
    start_ns: int
    end_ns: int
    step_ns: int | None
    aligned: bool
    top: int | None


def parse(args: MultiMapping, now_ns: int) -> Query:
    """The query of a request's parameters. Raises BadRequest that names the wrong one."""
    values = parameters.single(args, PARAMETERS)
    metric = metric_of(values)
    fn = function_of(values, metric)
    start_ns, start_relative = parameters.time_ns(
        values.get("start", DEFAULT_RANGE), "start", now_ns
    )
    end_ns, _ = parameters.time_ns(values.get("end", "now"), "end", now_ns)
    step_ns = parameters.duration_ns(values, "step", MIN_STEP_SECONDS)
    _check_range(start_ns, end_ns, step_ns)
    return Query(
        metric,
        fn,
        _by(values, labels_of(metric)),
        matchers.parse(values.get("match", ""), labels_of(metric)),
        start_ns,
        end_ns,
        step_ns,
        start_relative,
        parameters.count(values, "top", MAX_TOP),
    )


def metric_of(values: Mapping[str, str]) -> Metric:
    """The metric that `metric` names."""
    name = values.get("metric", "")
    metric = CATALOGUE.get(name)
    if metric is None:
        message = f"unknown metric {name[:80]!r}" if name else "metric is missing"
        hint = parameters.near(name, CATALOGUE) or "such as container_cpu_usage_seconds_total"
        raise BadRequest(message, "metric", hint)
    return metric


def function_of(values: Mapping[str, str], metric: Metric) -> str:
    """The function that `fn` names; by default the rate of a counter, the mean of a gauge."""
    counter = metric.kind == "counter"
    fn = parameters.choice(values, "fn", FUNCTIONS, "rate" if counter else "mean")
    if fn in COUNTER_FUNCTIONS and not counter:
        raise BadRequest(f"{metric.name} is a gauge and has no {fn}", "fn", "use last, mean or max")
    return fn


def labels_of(metric: Metric) -> tuple[str, ...]:
    """The labels that a series of the metric may have."""
    return TAGS[metric.measurement] + metric.tags


def absent_tags(metric: Metric) -> tuple[Matcher, ...]:
    """Matchers that leave out the measurement's other rows (an interface's, a device's, …)."""
    extra = {
        tag for m in CATALOGUE.values() if m.measurement == metric.measurement for tag in m.tags
    }
    return tuple(Matcher(tag, "=", "") for tag in sorted(extra.difference(metric.tags)))


def start_field(metric: Metric, fn: str) -> tuple[str, ...]:
    """The field to read beside a counter to see its restarts; only containers have one."""
    wanted = metric.measurement == "container" and fn in COUNTER_FUNCTIONS
    return ("start_time_seconds",) if wanted else ()


def unit_of(metric: Metric, fn: str) -> str:
    """The unit of `fn` of the metric: CPU seconds a second are cores."""
    if fn != "rate":
        return metric.unit
    if metric.unit == "seconds":
        return "cores" if metric.field.startswith(_CPU_TIMES) else "1"
    return f"{metric.unit}/s"


def _by(values: Mapping[str, str], labels: Sequence[str]) -> tuple[str, ...] | None:
    text = values.get("by")
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in labels:
            hint = parameters.near(name, labels) or f"labels here: {', '.join(labels)}"
            raise BadRequest(f"by: unknown label {name[:80]!r}", "by", hint)
    return tuple(dict.fromkeys(names))


def _check_range(start_ns: int, end_ns: int, step_ns: int | None) -> None:
    if end_ns <= start_ns:
        raise BadRequest("end is not after start", "end", "the range is [start, end)")
    seconds = (end_ns - start_ns) / NS
    if seconds > MAX_RANGE_DAYS * 86400:
        raise BadRequest(
            f"the range is {seconds / 86400:.0f} days", "start", f"at most {MAX_RANGE_DAYS} days"
        )
    points = -(-(end_ns - start_ns) // step_ns) if step_ns else 0
    if points > MAX_POINTS:
        raise BadRequest(
            f"{points} points a series; the limit is {MAX_POINTS}",
            "step",
            f"at least {seconds / MAX_POINTS:.3g} s for this range",
        )
