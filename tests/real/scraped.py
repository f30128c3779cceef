"""The page for Prometheus of a running collector, as its samples."""

from __future__ import annotations

import urllib.request

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


def samples(url: str) -> list[Sample]:
    """All samples of URL/metrics; none while nothing answers."""
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=20) as reply:
            families = text_string_to_metric_families(reply.read().decode())
            return [sample for family in families for sample in family.samples]
    except OSError:
        return []


def value(url: str, metric: str, **labels: str) -> float:
    """The metric's first sample that has these labels, or 0."""
    return next(
        (
            sample.value
            for sample in samples(url)
            if sample.name == metric and labels.items() <= sample.labels.items()
        ),
        0,
    )
