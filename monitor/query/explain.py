"""The samples and the arithmetic behind one figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from monitor.catalogue import Metric
from monitor.errors import BadRequest
from monitor.query import matchers, parameters
from monitor.query.engine import LOOK_ASIDE_NS, MAX_SAMPLES, NEWEST_NS
from monitor.query.model import (
    COUNTER_FUNCTIONS,
    MIN_STEP_SECONDS,
    absent_tags,
    function_of,
    labels_of,
    metric_of,
    start_field,
    unit_of,
)
from monitor.query.parameters import NS, MultiMapping
from monitor.rates import Bucket, Sample, Span, spans
from monitor.stores.protocols import Matcher, Reader, Samples

PARAMETERS = ("metric", "fn", "match", "time", "step")


@dataclass(frozen=True, slots=True)
class Question:
    """Which figure: of the bucket [time_ns, time_ns + step_ns), or the newest where None."""

    metric: Metric
    fn: str
    matchers: tuple[Matcher, ...]
    time_ns: int | None
    step_ns: int | None


def parse(args: MultiMapping, now_ns: int) -> Question:
    """The question of a request's parameters. Raises BadRequest that names the wrong one."""
    values = parameters.single(args, PARAMETERS)
    metric = metric_of(values)
    found = matchers.parse(values.get("match", ""), labels_of(metric))
    step_ns = parameters.duration_ns(values, "step", MIN_STEP_SECONDS)
    if ("time" in values) != (step_ns is not None):
        raise BadRequest(
            "time and step belong together", "step", "give both for a bucket, none for the newest"
        )
    time_ns = parameters.time_ns(values["time"], "time", now_ns)[0] if "time" in values else None
    if step_ns is not None and step_ns > 86400 * NS:
        raise BadRequest("step is longer than a day", "step", "at most 1d for an explanation")
    return Question(metric, function_of(values, metric), found, time_ns, step_ns)


def explain(question: Question, reader: Reader, now_ns: int) -> dict[str, Any]:
    """The answer as JSON data. Raises BadRequest unless exactly one series is selected."""
    metric = question.metric
    if question.time_ns is not None and question.step_ns is not None:
        low, high = question.time_ns, question.time_ns + question.step_ns
        series = _one(_select(question, reader, low - LOOK_ASIDE_NS, high + LOOK_ASIDE_NS))
        samples = _samples(series, metric.field)
    else:
        series = _newest(question, reader, now_ns)
        samples = _samples(series, metric.field)[-2:]
        low, high = samples[0].time_ns, samples[-1].time_ns
    counter = question.fn in COUNTER_FUNCTIONS
    arithmetic = _counter if counter else _gauge
    return {
        "metric": metric.name,
        "fn": question.fn,
        "unit": unit_of(metric, question.fn),
        "labels": series.tags,
        "from": low / NS,
        "to": high / NS,
        **arithmetic(question, samples, low, high),
    }


def _select(question: Question, reader: Reader, start_ns: int, end_ns: int) -> list[Samples]:
    metric, fn = question.metric, question.fn
    fields = [metric.field, *start_field(metric, fn)]
    chosen = [*question.matchers, *absent_tags(metric)]
    found = reader.select(metric.measurement, fields, chosen, start_ns, end_ns, MAX_SAMPLES)
    return [s for s in found if not np.isnan(s.columns[metric.field]).all()]


def _newest(question: Question, reader: Reader, now_ns: int) -> Samples:
    found: list[Samples] = []
    for back in NEWEST_NS:
        found = _select(question, reader, now_ns - back, now_ns + LOOK_ASIDE_NS)
        if found and len(_samples(found[0], question.metric.field)) > 1:
            break
    return _one(found)


def _one(found: list[Samples]) -> Samples:
    if len(found) != 1:
        raise BadRequest(
            f"match selects {len(found)} series at that time; one is explained at a time",
            "match",
            "name its tags, such as node=, namespace= and container="
            if found
            else "there is no sample then: check the tags, or choose another time",
        )
    return found[0]


def _samples(series: Samples, field: str) -> list[Sample]:
    starts = series.columns.get("start_time_seconds")
    began = [None] * len(series.times) if starts is None else starts.tolist()
    return [
        Sample(time, value, start if start is not None and math.isfinite(start) else None)
        for time, value, start in zip(
            series.times.tolist(), series.columns[field].tolist(), began, strict=True
        )
        if math.isfinite(value)
    ]


def _counter(question: Question, samples: Sequence[Sample], low: int, high: int) -> dict[str, Any]:
    pairs, total, covered = [], 0.0, 0.0
    newest = question.time_ns is None
    for (a, b), span in zip(pairwise(samples), spans(samples), strict=True):
        if span.end_ns <= low or span.begin_ns >= high:
            continue
        seconds, share = (span.end_ns - span.begin_ns) / NS, span.share(low, high)
        pairs.append(_pair(a, b, span, seconds, share))
        total += span.increase * share
        covered += seconds * share
    rate = Bucket(total, covered).rate
    result = rate if question.fn == "rate" or rate is None else total
    return {
        "pairs": pairs,
        "increase": total if pairs else None,
        "seconds": covered,
        "result": result,
        "formula": _formula(question, pairs, result, newest),
    }


def _pair(a: Sample, b: Sample, span: Span, seconds: float, share: float) -> dict[str, Any]:
    return {
        "a": _shown(a),
        "b": _shown(b),
        "reset": span.reset,
        "gap": span.gap,
        "increase": span.increase,
        "seconds": seconds,
        "share": share,
    }


def _shown(sample: Sample) -> dict[str, Any]:
    return {"time": sample.time_ns / NS, "value": sample.value, "start": sample.start_seconds}


def _formula(
    question: Question, pairs: Sequence[dict[str, Any]], result: float | None, newest: bool
) -> str:
    if not pairs:
        return "there is no pair of samples: a rate needs two"
    if result is None:
        return "the samples are too far apart: a gap is not bridged"
    if not newest:
        whole = "sum of (increase x share)"
        return whole if question.fn == "increase" else f"{whole} / sum of (seconds x share)"
    increase = "b.value" if pairs[-1]["reset"] else "(b.value - a.value)"
    return increase if question.fn == "increase" else f"{increase} / (b.time - a.time)"


def _gauge(question: Question, samples: Sequence[Sample], low: int, high: int) -> dict[str, Any]:
    inside = [s for s in samples if low <= s.time_ns < high]
    if question.time_ns is None:
        inside = list(samples[-1:])
    values = [s.value for s in inside]
    result: float | None = None
    if values:
        last, largest, mean = values[-1], max(values), sum(values) / len(values)
        result = {"last": last, "max": largest, "mean": mean}[question.fn]
    words = {"last": "the last sample", "max": "the largest sample", "mean": "the samples' mean"}
    return {
        "pairs": [],
        "samples": [_shown(s) for s in inside],
        "increase": None,
        "seconds": None,
        "result": result,
        "formula": words[question.fn] if values else "there is no sample in this time",
    }
