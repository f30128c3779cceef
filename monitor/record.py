"""The record: one wide line of measurement, tags, fields and the time of the read itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor import escaping

Value = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Series:
    """A measurement and its tags: who is measured.

    `tags` are made safe for line protocol, sorted by key, and without empty values, so equal
    series are equal objects. `key` is the escaped `measurement,tag=value,…` of a line, made once.
    """

    measurement: str
    tags: tuple[tuple[str, str], ...] = ()
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tags = tuple(sorted(_safe(pair) for pair in self.tags if pair[1]))
        object.__setattr__(self, "tags", tags)
        parts = [escaping.measurement(self.measurement)]
        parts += [f"{escaping.tag(k)}={escaping.tag(v)}" for k, v in tags]
        object.__setattr__(self, "key", ",".join(parts))

    @classmethod
    def of(cls, measurement: str, tags: Mapping[str, str | None]) -> Series:
        """A series from a mapping; tags that are None or empty are left out."""
        return cls(measurement, tuple((k, v) for k, v in tags.items() if v))


def _safe(pair: tuple[str, str]) -> tuple[str, str]:
    """The same pair where nothing is amiss, so that a container's series share those they have."""
    safe = escaping.safe_name(pair[0]), escaping.safe_tag(pair[1])
    return pair if pair == safe else safe


class Record(NamedTuple):
    """One line: `fields` hold seconds as float, bytes and counts as int; `time_ns` is Unix time."""

    series: Series
    fields: Mapping[str, Value]
    time_ns: int
