"""Rows as the files gave them, and what a reader makes of them: each sample once, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.stores.protocols import Samples


class Tags(NamedTuple):
    """A series' tags; they are sorted by `order`, one string, five times faster than by pairs."""

    order: str
    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Tags:
        """From tags in order of their names."""
        return cls("\0".join([text for pair in tags.items() for text in pair]), tuple(tags.items()))


@dataclass(slots=True, eq=False)
class Rows:
    """Rows in any order; all arrays have an entry a row.

    `series` indexes `tags`. Of rows with the same series and time, a field's value is that of the
    highest `written` (then of the last) that has one. A column is float64 with NaN, or object with
    None, for what a row lacks; a missing column is all absent.
    """

    tags: list[Tags]
    series: NDArray[np.intp]
    times: NDArray[np.int64]
    written: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]


def samples(days: Sequence[Rows], fields: Sequence[str]) -> Iterator[Samples]:
    """One Samples for each series, in order of its tags; `days` do not share a series' times."""
    if len(days) == 1 and (blocks := _blocks(days[0])) is not None:
        yield from _apart(days[0], blocks, fields)
        return
    tags = sorted({each for rows in days for each in rows.tags})
    rank = {each: index for index, each in enumerate(tags)}
    # Ranks below 65,536 are sorted by radix, ten times faster than as 64-bit numbers.
    kind = np.uint16 if len(tags) <= 1 << 16 else np.int64
    ranks = [np.array([rank[each] for each in rows.tags], kind)[rows.series] for rows in days]
    series = _concatenated(ranks, kind)
    times = _concatenated([rows.times for rows in days], np.int64)
    written = _concatenated([rows.written for rows in days], np.int64)
    columns = {name: _column(days, name) for name in fields}
    order = np.argsort(series, kind="stable")
    if _has_disorder(series[order], times[order]):
        order = np.lexsort((written, times, series))
    series, times = series[order], times[order]
    columns = {name: column[order] for name, column in columns.items()}
    series, times, columns = _once(series, times, columns)
    edges = np.flatnonzero(series[1:] != series[:-1]) + 1
    starts, ends = [0, *edges.tolist()], [*edges.tolist(), len(series)]
    for start, end in zip(starts, ends, strict=True):
        if end > start:
            yield Samples(
                dict(tags[series[start]].pairs),
                times[start:end],
                {name: column[start:end] for name, column in columns.items()},
            )


def _blocks(rows: Rows) -> NDArray[np.intp] | None:
    """Where each series begins, if they stand one behind the other, in order, each time once."""
    if not len(rows.series):
        return None
    same = rows.series[1:] == rows.series[:-1]
    starts = np.flatnonzero(np.concatenate(([True], ~same)))
    if len(np.unique(rows.series[starts])) < len(starts):
        return None
    return None if (same & (rows.times[1:] <= rows.times[:-1])).any() else starts


def _apart(rows: Rows, starts: NDArray[np.intp], fields: Sequence[str]) -> Iterator[Samples]:
    """Each block as it stands: nothing has to be sorted or copied."""
    absent = [name for name in fields if name not in rows.columns]
    ends = [*starts[1:].tolist(), len(rows.series)]
    found = zip(
        [rows.tags[series] for series in rows.series[starts]], starts.tolist(), ends, strict=True
    )
    for tags, start, end in sorted(found):
        columns = {name: rows.columns[name][start:end] for name in fields if name in rows.columns}
        columns |= {name: np.full(end - start, np.nan) for name in absent}
        yield Samples(dict(tags.pairs), rows.times[start:end], columns)


def _concatenated(arrays: list[NDArray[Any]], kind: Any) -> NDArray[Any]:
    if len(arrays) == 1:
        return arrays[0]  # most questions are of one day, and a copy costs as much as the rest
    return np.concatenate(arrays) if arrays else np.empty(0, kind)


def _column(days: Sequence[Rows], name: str) -> NDArray[Any]:
    """The field over all days: numbers if any day has them so, else text if any has that."""
    found = {rows.columns[name].dtype.kind for rows in days if name in rows.columns}
    kind, absent = (object, None) if found == {"O"} else (np.float64, np.nan)
    parts = [
        rows.columns[name]
        if name in rows.columns and rows.columns[name].dtype == kind
        else np.full(len(rows.times), absent, kind)
        for rows in days
    ]
    return _concatenated(parts, kind)


def _has_disorder(series: NDArray[Any], times: NDArray[np.int64]) -> bool:
    return bool(np.any((series[1:] == series[:-1]) & (times[1:] <= times[:-1])))


def _once(
    series: NDArray[Any], times: NDArray[np.int64], columns: dict[str, NDArray[Any]]
) -> tuple[NDArray[Any], NDArray[np.int64], dict[str, NDArray[Any]]]:
    """Fold sorted rows of the same series and time into one."""
    if not len(series):
        return series, times, columns
    is_new = np.ones(len(series), bool)
    is_new[1:] = (series[1:] != series[:-1]) | (times[1:] != times[:-1])
    if is_new.all():
        return series, times, columns
    starts = np.flatnonzero(is_new)
    return (
        series[starts],
        times[starts],
        {name: _last_present(column, starts) for name, column in columns.items()},
    )


def _last_present(column: NDArray[Any], starts: NDArray[np.intp]) -> NDArray[Any]:
    """The last value of each group that is not absent (or any absent one)."""
    if column.dtype == object:
        present = np.array([value is not None for value in column], bool)
    else:
        present = ~np.isnan(column)
    position = np.where(present, np.arange(len(column)), -1)
    last = np.maximum.reduceat(position, starts)
    return column[np.where(last >= 0, last, starts)]
