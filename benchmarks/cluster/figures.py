"""The figures of a line that move from sweep to sweep, by what the catalogue knows of them."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from monitor.catalogue import CATALOGUE
from monitor.record import Value

_STILL = {"memory_MemTotal_bytes", "filesystem_size_bytes", "filesystem_files"}
_PAGE = 4096
_MOST_DECIMALS = 9


class Figure(NamedTuple):
    """A number that moves.

    `size` is the increase of a counter in a sweep, or a gauge's usual value, without the decimal
    point: in units of 10^-`decimals`. `step` divides each value of a gauge. `owner` is the place,
    among the owners of a block, of the one whose age the counter has.
    """

    grows: bool
    size: float
    decimals: int
    step: int
    owner: int


def moving(measurement: str, field: str, value: Value, owner: int, sweeps: float) -> Figure | None:
    """How the figure moves that was `value` after `sweeps`; None where it stands still.

    A counter goes on at its mean increase; one that was 0 stays 0. Gauges of bytes and load move.
    """
    metric = CATALOGUE.get(f"{measurement}_{field}")
    if metric is None or not isinstance(value, int | float) or not value or field in _STILL:
        return None
    decimals = 0 if isinstance(value, int) else min(_decimals(value), _MOST_DECIMALS)
    scaled = value * 10**decimals
    if metric.kind == "counter":
        return Figure(True, scaled / sweeps, decimals, 1, owner)
    if metric.group == "spec" or not (metric.unit == "bytes" or metric.group == "load"):
        return None
    step = _PAGE if metric.unit == "bytes" and value % _PAGE == 0 else 1
    return Figure(False, scaled, decimals, step, owner)


def _decimals(value: float) -> int:
    exponent = Decimal(repr(value)).as_tuple().exponent
    return max(1, -exponent) if isinstance(exponent, int) else 1
