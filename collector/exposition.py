"""The newest rows as Prometheus metric families, by cAdvisor's names and labels.

Names are `measurement_field`, kinds and help come from the catalogue. A container's `id` (cgroup
path), `name` and `image` are labels here and nowhere else: they come from its `container_info` row.
Labels that are empty are left out, which to Prometheus is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from collector.latest import Current, Latest
from monitor.catalogue import CATALOGUE, TAGS, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_NOT_SHOWN = frozenset({"cluster", "node"})
"""A Prometheus adds its own word for whom it scrapes."""

_CAMEL = re.compile("[a-z][A-Z]")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Exposition(Collector):
    """A collector for a prometheus-client registry over the newest rows."""

    def __init__(self, latest: Latest) -> None:
        self._latest = latest

    def collect(self) -> Iterator[Family]:
        """Each metric of the catalogue that has a value now, in the catalogue's order.

        Left out are node_exporter's few names in camel case (node_memory_MemTotal_bytes), which
        promtool refuses: the page shows the same figures as machine_memory_bytes and
        node_memory_working_set_bytes.
        """
        rows = self._latest.rows()
        infos = {row.series.tags: row.fields for row in rows if _is_info(row)}
        families: dict[str, Family] = {}
        for row in rows:
            labels = _labels(row, infos)
            for field, value in row.fields.items():
                name = f"{row.series.measurement}_{field}"
                family = families.get(name) or _begin(name, families)
                if family is not None and not isinstance(value, str | bool):
                    family.add_sample(name, labels, value)
        return (families[name] for name in CATALOGUE if name in families)


def render(registry: CollectorRegistry) -> bytes:
    """The registry's families in Prometheus' text format 0.0.4.

    What prometheus-client's own `generate_latest` says, at a quarter of its cost: the labels of a
    series are written once and not once for each of its forty metrics.
    """
    written: dict[int, str] = {}
    kept: list[Mapping[str, str]] = []  # so that no id() is used twice
    lines: list[str] = []
    for family in registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        kind = "untyped" if family.type == "unknown" else family.type
        help = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
        lines.append(f"# HELP {name} {help}\n# TYPE {name} {kind}\n")
        for sample in family.samples:
            labels = written.get(id(sample.labels))
            if labels is None:
                labels = written[id(sample.labels)] = _written(sample.labels)
                kept.append(sample.labels)
            lines.append(f"{sample.name}{labels} {sample.value!r}\n")
    return "".join(lines).encode()


def _begin(name: str, families: dict[str, Family]) -> Family | None:
    metric = CATALOGUE.get(name)
    if metric is None or _CAMEL.search(name):
        return None
    family = families[name] = _family(metric)
    return family


def _family(metric: Metric) -> Family:
    # prometheus-client and promtool both know counters only by names that end in _total; a counter
    # with an older name of cAdvisor's (container_memory_failcnt) is therefore without a kind.
    if metric.kind == "counter" and not metric.name.endswith("_total"):
        return Family(metric.name, metric.help, "unknown")
    return Family(metric.name.removesuffix("_total"), metric.help, metric.kind)


def _is_info(row: Current) -> bool:
    return row.series.measurement == "container_info"


def _labels(
    row: Current, infos: Mapping[tuple[tuple[str, str], ...], Mapping[str, object]]
) -> dict[str, str]:
    labels = {key: value for key, value in row.series.tags if key not in _NOT_SHOWN}
    if row.series.measurement == "container":
        own = tuple(tag for tag in row.series.tags if tag[0] in TAGS["container"])
        info = infos.get(own, {})
        known = {"id": info.get("cgroup"), "name": info.get("name"), "image": info.get("image")}
        labels |= {key: str(value) for key, value in known.items() if value}
    return labels


def _written(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{key}="{value.translate(_ESCAPES)}"' for key, value in sorted(labels.items()))
    return "{" + ",".join(pairs) + "}"
