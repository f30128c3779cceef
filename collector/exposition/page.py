"""The newest rows as Prometheus metric families.

Names are `measurement_field`, kinds and help come from the catalogue. Samples of containers and of
the node carry the time of their own reading, as cAdvisor's do: a rate is then right however sweeps
and scrapes lie to each other. What the machine is and what Weir says of itself is as of the scrape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import Metric as ClientMetric
from prometheus_client.registry import Collector

from collector.exposition.family import Family, Labels, Row, row
from collector.exposition.selection import EVERYTHING, Selection
from collector.exposition.series_labels import SeriesLabels, is_whole_container, versions
from collector.label_rules import NO_RULES, LabelRules
from collector.latest import Current, Latest
from monitor.catalogue import CATALOGUE

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

OOM = "oom_events_total"
START = "start_time_seconds"
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
        return "".join([family.text(rows) for family, rows in self._found(selection)]).encode()

    def collect(self) -> Iterator[ClientMetric]:
        """Everything, for a registry."""
        return (family.metric(rows) for family, rows in self._found(EVERYTHING))

    def _found(self, selection: Selection) -> list[tuple[Family, list[Row]]]:
        """Each family that has a value now, in the catalogue's order, with its rows."""
        found: list[tuple[Family, list[Row]]] = []
        by_field: dict[str, dict[str, list[Row]]] = {}
        for metric, family in self._families.values():
            if selection.has(metric):
                found.append((family, []))
                by_field.setdefault(metric.measurement, {})[metric.field] = found[-1][1]
        for measurement, one in self._rows():
            rows_of = by_field.get(measurement, {})
            for field in one.fields:
                rows = rows_of.get(field)
                if rows is not None:
                    rows.append(one)
        return [(family, rows) for family, rows in found if rows]

    def _rows(self) -> Iterator[tuple[str, Row]]:
        """Measurement and row of everything to be shown."""
        current = self._latest.rows()
        for one, labels in zip(current, self._labels.of(current), strict=True):
            measurement = _shown_as(one.series.measurement)
            kills = self._latest.ended_oom_kills(one.series)
            is_part = measurement == "container" and not is_whole_container(one.series)
            for fields, time_ns in one.readings:
                if is_part:  # its start is the container's, which the container's row tells
                    fields = {name: fields[name] for name in fields if name != START}
                if kills and OOM in fields:
                    fields = {**fields, OOM: int(fields[OOM]) + kills}
                yield measurement, row(labels, fields, _seconds(measurement, time_ns))
            yield from self._derived(one, labels)
        yield "container", row(Labels({}), {"scrape_error": int(self._fails())})

    def _derived(self, one: Current, labels: Labels) -> Iterator[tuple[str, Row]]:
        """What is no field of a row: cAdvisor's last_seen and the versions of everything."""
        if is_whole_container(one.series):
            seen = one.time_ns / 1e9
            yield "container", row(labels, {"last_seen": seen}, seen)
        elif one.series.measurement == "machine":
            yield "weir", row(versions(one.fields), {"version_info": 1})


def _shown_as(measurement: str) -> str:
    """The measurement by whose names rows are shown: a pod's have cAdvisor's names of containers.

    There and at the kubelet a pod's own figures are those without a label `container`.
    """
    return "container" if measurement == "pod" else measurement


def _seconds(measurement: str, time_ns: int) -> float | None:
    return time_ns / 1e9 if measurement in _STAMPED else None
