"""The metric catalogue: one table from which exposition, documentation and validation are made.

The table is `catalogue.csv` beside this file, a metric a line. A metric's name is
`measurement_field`, the name that Prometheus, cAdvisor, the kubelet and node_exporter use.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, cast

Kind = Literal["counter", "gauge"]
Unit = Literal[
    "seconds", "bytes", "cores", "microseconds", "shares", "unix seconds", "celsius", "1"
]

OPTIONAL_GROUPS = frozenset(("percpu", "sched", "memory_numa", "disk", "tcp", "udp", "descriptors"))
"""Groups that cost more than most want to pay: a collector reads them only when told to."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `tags` are those that its rows have beside the measurement's own.

    `group` is what is switched on and off, and asked for, together; cAdvisor's kinds of metrics.
    `v1` and `v2` name the kernel's file, and the key in it, on each cgroup version ("" where the
    kernel does not have it). `kind` is counter (only grows, until a restart) or gauge.
    """

    measurement: str
    field: str
    group: str
    kind: Kind
    unit: Unit
    tags: tuple[str, ...]
    help: str
    v1: str
    v2: str

    @property
    def name(self) -> str:
        return f"{self.measurement}_{self.field}"


TAGS: dict[str, tuple[str, ...]] = {
    "container": ("cluster", "node", "namespace", "pod", "container"),
    "pod": ("cluster", "node", "namespace", "pod"),
    "namespace": ("cluster", "node", "namespace"),
    "node": ("cluster", "node"),
    "machine": ("cluster", "node"),
    "weir": ("cluster", "node", "process"),
}
"""The tags of each measurement's rows."""


def _read() -> dict[str, Metric]:
    with files("monitor").joinpath("catalogue.csv").open(encoding="utf-8") as table:
        rows = [[cell.strip() for cell in row] for row in csv.reader(table, delimiter="|")]
    metrics = (
        Metric(
            measurement,
            field,
            group,
            cast(Kind, kind),
            cast(Unit, unit),
            tuple(tags.split()),
            help,
            v1,
            v1 if v2 == "=" else v2,
        )
        for measurement, field, group, kind, unit, tags, help, v1, v2 in rows[1:]
    )
    return {metric.name: metric for metric in metrics}


CATALOGUE: dict[str, Metric] = _read()
"""Every metric by its name."""

GROUPS = frozenset(metric.group for metric in CATALOGUE.values()) | OPTIONAL_GROUPS
"""What metrics can be asked for by."""
