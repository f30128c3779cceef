"""One metric family: its two comment lines, made once, and a line for each sample.

The text is what prometheus-client's own `generate_latest` makes of `metric()`, byte for byte (a
test says so), at a sixth of its cost: no object and no labels' text is made for a sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from prometheus_client.metrics_core import Metric as ClientMetric
from prometheus_client.utils import floatToGoString

from monitor.catalogue import Metric
from monitor.record import Value

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_EXPONENT_FROM = 1e6
"""Smaller numbers are written alike by Python and by Go."""


class Labels:
    """A set of labels, and its text, which is made once and stands in every line of a series."""

    __slots__ = ("pairs", "text")

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self.pairs = pairs
        written = (f'{key}="{value.translate(_ESCAPES)}"' for key, value in sorted(pairs.items()))
        self.text = "{" + ",".join(written) + "}" if pairs else ""


Row = tuple[Labels, Mapping[str, Value], float | None, str]
"""What was read at once: a sample for each of the fields, all with the same labels. Then when it
was read (Unix seconds; None leaves that to the scraper), and that time as it ends a line. A plain
tuple, for a page has thousands of them."""


def row(labels: Labels, fields: Mapping[str, Value], time_ns: int | None = None) -> Row:
    """A row, with what its lines have in common written once."""
    if time_ns is None:
        return labels, fields, None, "\n"
    seconds = time_ns / 1e9
    return labels, fields, seconds, f" {int(seconds * 1000)}\n"


class Family:
    """A metric of the catalogue as Prometheus sees it."""

    def __init__(self, metric: Metric) -> None:
        # prometheus-client and promtool know counters by names that end in _total, and nothing else
        # by them; what cAdvisor named otherwise is without a kind: container_memory_failcnt, a
        # counter, and container_network_tcp_usage_total, a gauge.
        is_misnamed = (metric.kind == "counter") != metric.name.endswith("_total")
        self._field = metric.field
        self._name = metric.name
        self._help = metric.help
        self._kind = "untyped" if is_misnamed else metric.kind
        help = metric.help.replace("\\", r"\\").replace("\n", r"\n")
        self._head = f"# HELP {self._name} {help}\n# TYPE {self._name} {self._kind}\n"

    def text(self, rows: Sequence[Row]) -> bytes:
        """The family's lines; each of the rows has its field."""
        name, field = self._name, self._field
        lines = [
            f"{name}{labels.text} {_number(fields[field])}{end}" for labels, fields, _, end in rows
        ]
        return "".join([self._head, *lines]).encode()

    def metric(self, rows: Sequence[Row]) -> ClientMetric:
        """The same for prometheus-client's registry."""
        name = self._name.removesuffix("_total") if self._kind == "counter" else self._name
        metric = ClientMetric(name, self._help, self._kind)
        for labels, fields, seconds, _ in rows:
            value = cast(float, fields[self._field])
            metric.add_sample(self._name, dict(labels.pairs), value, seconds)
        return metric


def _number(value: Value) -> str:
    number = float(value)
    if -_EXPONENT_FROM < number < _EXPONENT_FROM:
        return repr(number)
    return str(floatToGoString(number))  # type: ignore[no-untyped-call]
