"""From lines to frames: what one gzip member becomes before it is stored."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from monitor.errors import LineProtocolError
from monitor.lineprotocol import Parser
from monitor.record import Record, Series, Value
from monitor.stores.embedded.days import day_of
from monitor.stores.embedded.schema import SPAN_NS


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Lines of one measurement with the same numeric fields, all within SPAN_NS and one day.

    `series` and `times` (int64 Unix ns) have an entry a line; `values` is float64 of shape
    (fields, lines).
    """

    measurement: str
    fields: tuple[str, ...]
    series: list[Series]
    times: NDArray[np.int64]
    values: NDArray[np.float64]


class Text(NamedTuple):
    """One string field of one line."""

    series: Series
    name: str
    value: str
    time_ns: int


@dataclass(slots=True)
class Day:
    """What goes into one day's file."""

    frames: list[Frame] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """A body's lines by day, and what was wrong with the other lines, in words."""

    days: dict[int, Day] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def day(self, number: int) -> Day:
        return self.days.setdefault(number, Day())


class _Group:
    """The lines of one measurement and one set of numeric fields while they come in."""

    __slots__ = ("series", "times", "values")

    def __init__(self) -> None:
        self.series: list[Series] = []
        self.times: list[int] = []
        self.values = array("d")


def add_member(
    batch: Batch, lines: bytes, parser: Parser, oldest_ns: int, newest_ns: int, first_line: int = 1
) -> None:
    """Add one member's lines to the batch.

    Lines older than `oldest_ns` or newer than `newest_ns` are refused. `first_line` is the number
    of the first one in the whole body.
    """
    groups: dict[tuple[str, tuple[str, ...]], _Group] = {}
    for result in parser.parse_each(lines, first_line):
        if isinstance(result, LineProtocolError):
            batch.refused.append(str(result))
            continue
        if not oldest_ns <= result.time_ns <= newest_ns:
            batch.refused.append(_out_of_range(result, oldest_ns))
            continue
        try:
            values, names = _numbers(result.fields)
        except TypeError:
            values, names = _numbers(_without_texts(batch, result))
        except OverflowError:
            batch.refused.append(f"{result.series.key}: a number that no store can keep")
            continue
        if not names:
            continue
        key = (result.series.measurement, names)
        group = groups.get(key)
        if group is None:
            group = groups[key] = _Group()
        group.series.append(result.series)
        group.times.append(result.time_ns)
        group.values.extend(values)
    for (measurement, names), group in groups.items():
        for frame in _frames(measurement, names, group):
            batch.day(day_of(int(frame.times[0]))).frames.append(frame)


def _out_of_range(record: Record, oldest_ns: int) -> str:
    if record.time_ns < oldest_ns:
        reason = "is older than the days that the store keeps (retention_days)"
    else:
        reason = "is more than a day ahead: check the clock of its node"
    return f"{record.series.key}: time {record.time_ns} {reason}"


def _numbers(fields: Mapping[str, Value]) -> tuple[array[float], tuple[str, ...]]:
    """Raises TypeError if a value is text: the array itself checks the types, at its speed."""
    return array("d", cast("Iterable[float]", fields.values())), tuple(fields)


def _without_texts(batch: Batch, record: Record) -> dict[str, Value]:
    texts = batch.day(day_of(record.time_ns)).texts
    for name, value in record.fields.items():
        if isinstance(value, str):
            texts.append(Text(record.series, name, value, record.time_ns))
    return {name: value for name, value in record.fields.items() if not isinstance(value, str)}


def _frames(measurement: str, names: tuple[str, ...], group: _Group) -> Iterator[Frame]:
    times = np.array(group.times, np.int64)
    values = np.frombuffer(group.values, np.float64).reshape(len(times), len(names)).T
    if times.max() - times.min() < SPAN_NS and day_of(times.min()) == day_of(times.max()):
        yield Frame(measurement, names, group.series, times, values)
        return
    spans = times // SPAN_NS
    for span in np.unique(spans):
        lines = np.flatnonzero(spans == span)
        series = [group.series[i] for i in lines]
        yield Frame(measurement, names, series, times[lines], values[:, lines])
