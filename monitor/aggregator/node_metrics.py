"""Metrics of the nodes: how many are in which state, how far they lag, and each by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.aggregator.node import Node
from monitor.aggregator.state import count, lags

_AT_ONCE = 500
"""Nodes in one piece of text."""


class FleetMetrics(Collector):
    """The nodes in all, as they are when the metrics are asked for."""

    def __init__(self, nodes: Callable[[], Sequence[Node]]) -> None:
        self._nodes = nodes

    def collect(self) -> Iterator[Metric]:
        """Nodes by state, and the lag that half of them, … all of them do not exceed."""
        nodes, now = self._nodes(), time.time()
        states = GaugeMetricFamily(
            "weir_aggregator_nodes", "Nodes in this state.", labels=["state"]
        )
        for state, number in count(nodes, now).items():
            states.add_metric([state], number)
        lag = GaugeMetricFamily(
            "weir_aggregator_lag_seconds",
            "Age of the newest record that the store has: this share of the nodes is no older.",
            labels=["share"],
        )
        for share, seconds in lags(nodes, now).items():
            lag.add_metric([f"{share:g}"], seconds)
        yield from (states, lag)


def each(nodes: Sequence[Node]) -> Iterator[str]:
    """Up, backlog and lag of every node as text, some nodes at a time.

    Addresses are checked when they are named: they hold nothing that would have to be escaped.
    """
    now = time.time()
    families: tuple[tuple[str, str, Callable[[Node], float | None]], ...] = (
        ("weir_node_up", "1 if the last pull was answered.", _up),
        ("weir_node_backlog_records", "Records that wait on the node.", lambda node: node.backlog),
        (
            "weir_node_lag_seconds",
            "Age of the newest record that the store has.",
            lambda node: node.lag_seconds(now),
        ),
    )
    for name, help, value_of in families:
        yield f"# HELP {name} {help}\n# TYPE {name} gauge\n"
        for start in range(0, len(nodes), _AT_ONCE):
            values = ((node.url, value_of(node)) for node in nodes[start : start + _AT_ONCE])
            yield "".join(
                f'{name}{{target="{url}"}} {float(value)}\n'
                for url, value in values
                if value is not None
            )


def _up(node: Node) -> float:
    return float(node.answered_at > 0 and not node.failures)
