"""The newest rows as Prometheus metric families.

Names are `measurement_field`, kinds and help come from the catalogue. Samples of containers and of
the node carry the time of their own reading, as cAdvisor's do: a rate is then right however sweeps
and scrapes lie to each other. What the machine is and what Weir says of itself is as of the scrape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from prometheus_client.metrics_core import Metric as ClientMetric
from prometheus_client.registry import Collector

from collector.exposition.family import Family, Labels, Row, row
from collector.exposition.selection import EVERYTHING, Selection
from collector.exposition.series_labels import SeriesLabels, versions
from collector.label_rules import NO_RULES, LabelRules
from collector.latest import Latest
from monitor.catalogue import CATALOGUE
from monitor.record import Value

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

OOM, START = "oom_events_total", "start_time_seconds"
_STAMPED = frozenset({"container", "node"})
_CAMEL = re.compile("[a-z][A-Z]")


class Exposition(Collector):
    """The page over the newest rows; also a collector for a registry of prometheus-client.

    Left out are node_exporter's few names in camel case (node_memory_MemTotal_bytes), which
    promtool refuses: the page shows the same figures as machine_memory_bytes and
    node_memory_working_set_bytes. `fails` says whether the rows are older than they should be.
    """

    def __init__(
        self,
        latest: Latest,
        rules: LabelRules = NO_RULES,
        fails: Callable[[], bool] = lambda: False,
    ) -> None:
        self._latest = latest
        self._labels = SeriesLabels(rules)
        self._fails = fails
        shown = [metric for metric in CATALOGUE.values() if not _CAMEL.search(metric.name)]
        self._families = {metric.name: (metric, Family(metric)) for metric in shown}

    def page(self, selection: Selection = EVERYTHING) -> bytes:
        """The text, version 0.0.4, of what is selected."""
        return b"".join([family.text(rows) for family, rows in self._found(selection)])

    def collect(self) -> Iterator[ClientMetric]:
        """Everything, for a registry."""
        return (family.metric(rows) for family, rows in self._found(EVERYTHING))

    def _found(self, selection: Selection) -> list[tuple[Family, list[Row]]]:
        """Each family that has a value now, in the catalogue's order, with its rows."""
        found: list[tuple[Family, list[Row]]] = []
        wanted: dict[str, dict[str, list[Row]]] = {}
        for metric, family in self._families.values():
            if selection.has(metric):
                found.append((family, []))
                wanted.setdefault(metric.measurement, {})[metric.field] = found[-1][1]
        nothing: dict[str, list[Row]] = {}
        # The start of a part is the container's, which the container's own row tells.
        of_parts = {k: rows for k, rows in wanted.get("container", nothing).items() if k != START}
        current, kills = self._latest.rows(), self._latest.ended_oom_kills()
        for one, known in zip(current, self._labels.of(current), strict=True):
            measurement = _shown_as(one.series.measurement)
            asked = wanted.get(measurement, nothing)
            if measurement == "container" and not known.is_container:
                asked = of_parts
            for _, fields, time_ns in one.records if asked else ():
                if OOM in fields and one.series.key in kills:
                    fields = {**fields, OOM: int(fields[OOM]) + kills[one.series.key]}
                _add(asked, known.labels, fields, time_ns if measurement in _STAMPED else None)
            if known.is_container:
                _add(asked, known.labels, {"last_seen": one.time_ns / 1e9}, one.time_ns)
            elif measurement == "machine":
                info = versions(one.fields)
                _add(wanted.get("weir", nothing), info, {"version_info": 1}, None)
        fails = {"scrape_error": int(self._fails())}
        _add(wanted.get("container", nothing), Labels({}), fails, None)
        return [(family, rows) for family, rows in found if rows]


def _add(
    asked: Mapping[str, list[Row]], labels: Labels, fields: Mapping[str, Value], time_ns: int | None
) -> None:
    """Add a row to each of the fields that are asked for and that it has."""
    made: Row | None = None
    for field in fields:
        rows = asked.get(field)
        if rows is not None:
            if made is None:
                made = row(labels, fields, time_ns)
            rows.append(made)


def _shown_as(measurement: str) -> str:
    """The measurement by whose names rows are shown: a pod's have cAdvisor's names of containers.

    There and at the kubelet a pod's own figures are those without a label `container`.
    """
    return "container" if measurement == "pod" else measurement
