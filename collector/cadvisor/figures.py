"""From Weir's fields to cAdvisor's whole numbers.

Times are nanoseconds there and seconds here, pressure is microseconds there (as the kernel has it).
What was not read is 0, as it is in cAdvisor, or absent where Go leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from collector.cadvisor.containers import Fields, Tags

Stats = dict[str, Any]
Parts = Mapping[Tags, Fields]
Table = tuple[tuple[str, str], ...]
"""cAdvisor's name of a figure, and Weir's."""


def row(table: Table, fields: Fields) -> Stats:
    """The figures of a table."""
    return {theirs: number(fields.get(ours), ours) for theirs, ours in table}


def rows(table: Table, parts: Parts, tag: str) -> dict[str, Stats]:
    """The figures of all parts that have this one tag and any of them, by the tag's value."""
    return {
        value: row(table, fields)
        for value, fields in by_tag(parts, tag)
        if any(ours in fields for _, ours in table)
    }


def by_tag(parts: Parts, tag: str) -> Iterator[tuple[str, Fields]]:
    """The parts that have this tag and no other, by its value."""
    for tags, fields in sorted(parts.items()):
        if len(tags) == 1 and tags[0][0] == tag:
            yield tags[0][1], fields


def number(value: object, name: str) -> int:
    """A figure as a whole number: of seconds the nanoseconds, exactly.

    A float of seconds has them exactly up to 2²³ s (97 days) of CPU time, then to 2 ns.
    """
    if not isinstance(value, int | float):
        return 0
    return nanoseconds(value) if "_seconds" in name else int(value)


def nanoseconds(seconds: float) -> int:
    """Whole seconds and the rest apart, since their product with 10⁹ would be rounded twice."""
    whole = int(seconds)
    return whole * 10**9 + round((seconds - whole) * 1e9)


def pressure(resource: str, fields: Fields) -> Stats:
    """PSIStats: totals in µs; of the kernel's averages Weir reads none."""
    found = {}
    for name, word in (("full", "stalled"), ("some", "waiting")):
        seconds = fields.get(f"pressure_{resource}_{word}_seconds_total", 0)
        total = round(seconds * 1e6) if isinstance(seconds, int | float) else 0
        found[name] = {"total": total, "avg10": 0, "avg60": 0, "avg300": 0}
    return found
