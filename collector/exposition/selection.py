"""What a scrape may ask for: `?collect[]=cpu&collect[]=container&max_age=5s`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.catalogue import GROUPS, TAGS, Metric
from monitor.errors import BadRequest

_MEASUREMENTS = tuple(
    measurement for measurement in TAGS if measurement not in ("pod", "namespace")
)
"""A pod's figures are shown by the names of containers' and asked for with them; those of a
namespace are not shown, since a Prometheus makes its own sums."""
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selection:
    """Metrics by their groups and by their measurements; an empty set asks for all."""

    groups: frozenset[str] = frozenset()
    measurements: frozenset[str] = frozenset()

    def has(self, metric: Metric) -> bool:
        """Whether the metric is asked for."""
        return (not self.groups or metric.group in self.groups) and (
            not self.measurements or metric.measurement in self.measurements
        )


EVERYTHING = Selection()


def selection(names: Iterable[str]) -> Selection:
    """The selection that the values of `collect[]` make. Raises BadRequest for an unknown one."""
    asked = frozenset(names)
    for name in sorted(asked.difference(GROUPS, _MEASUREMENTS)):
        raise BadRequest(
            f"collect[]: there is no group or measurement {name!r}",
            "collect[]",
            f"groups are {', '.join(sorted(GROUPS))}; measurements are {', '.join(_MEASUREMENTS)}",
        )
    return Selection(asked & GROUPS, asked.intersection(_MEASUREMENTS))


def max_age_seconds(text: str) -> float:
    """The seconds that `max_age` allows: `0`, `2.5`, `5s`. Raises BadRequest for anything else."""
    match = _SECONDS.fullmatch(text)
    if match is None:
        raise BadRequest(
            f"max_age: {text!r} is no number of seconds", "max_age", "write 0, 2.5 or 5s"
        )
    return float(match[1])
