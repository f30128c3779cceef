"""An answer as JSON text.

Most of it is numbers, and `json` would write each with 17 digits: for 500 series of 360 points that
takes longer than finding them. Thirteen digits are exact for whole numbers up to 10^13 and to
5e-14 for others, in a third of the time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from monitor.query.engine import Answer
from monitor.query.parameters import NS
from monitor.query.windows import Floats


def answer_json(answer: Answer) -> str:
    """The answer to a query; what is not known is null."""
    buckets = answer.buckets
    edges = buckets.start_ns + buckets.step_ns * np.arange(buckets.count + 1)
    head = {
        "metric": answer.query.metric.name,
        "unit": answer.unit,
        "fn": answer.query.fn,
        "start": int(edges[0]) / NS,
        "end": int(edges[-1]) / NS,
        "step": buckets.step_ns / NS,
        "times": (edges[:-1] / NS).tolist(),
    }
    series = ",".join(
        f'{{"labels":{_compact(labels)},"values":{values}}}'
        for labels, values in zip(answer.labels, _rows(answer.values), strict=True)
    )
    return f'{_compact(head)[:-1]},"series":[{series}]}}'


def _compact(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def _rows(values: Floats) -> list[str]:
    """Each row as a JSON array of numbers and nulls."""
    finite = np.where(np.isfinite(values), values, np.nan)
    row = f"[{','.join(['%.13g'] * values.shape[1])}]"
    return [(row % tuple(numbers)).replace("nan", "null") for numbers in finite.tolist()]
