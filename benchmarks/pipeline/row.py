"""What was seen of one run, as a line of a table."""

from __future__ import annotations

import math
from dataclasses import dataclass

HEAD = (
    f"{'':10}{'store':10}{'nodes':>6}{'RSS':>8}{'peak':>8}{'live':>9}{'lag p50':>9}{'p99':>7}"
    f"{'drained':>10}{'alone':>9}{'µs live':>9}{'drain':>7}{'CPU':>7}{'store':>7}{'nodes':>7}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Memory in MiB; live, drained and alone in points (lines) a second; µs of CPU a point.

    `cpu`, `store_cpu` and `nodes_cpu` are cores while live. NaN is what does not apply.
    """

    name: str
    store: str
    nodes: int
    rss: float
    peak: float
    live: float
    lag_p50: float = math.nan
    lag_p99: float = math.nan
    drained: float = math.nan
    alone: float = math.nan
    us_live: float
    us_drained: float = math.nan
    cpu: float
    store_cpu: float = math.nan
    nodes_cpu: float

    def __str__(self) -> str:
        return (
            f"{self.name:10}{self.store:10}{self.nodes:6,}{self.rss:8.1f}{self.peak:8.1f}"
            f"{self.live:9,.0f}{self.lag_p50:9.1f}{self.lag_p99:7.1f}{self.drained:10,.0f}"
            f"{self.alone:9,.0f}{self.us_live:9.1f}{self.us_drained:7.1f}{self.cpu:7.2f}"
            f"{self.store_cpu:7.2f}{self.nodes_cpu:7.2f}"
        ).replace("nan", "  -")
