"""Reads the numeric columns of one day's file, all frames of a layout at a time."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.stores.embedded import codec
from monitor.stores.embedded.schema import SPAN_NS
from monitor.stores.limits import Budget


class Wanted(NamedTuple):
    """What is asked of a file: a measurement's `fields` (numbers by name) from `start_ns` to
    `end_ns`, of the series whose number `places` maps to 0 or more.

    All numbers behind the end of `places` share its last entry, -1.
    """

    measurement: str
    fields: Mapping[str, int]
    places: NDArray[np.intp]
    start_ns: int
    end_ns: int


class Columns(NamedTuple):
    """The rows found; all arrays have an entry a row, a missing value is NaN."""

    places: NDArray[np.intp]
    times: NDArray[np.int64]
    written: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]

    def at(self, rows: NDArray[np.intp]) -> Columns:
        """These rows, in this order."""
        values = {name: column[rows] for name, column in self.values.items()}
        return Columns(self.places[rows], self.times[rows], self.written[rows], values)


@dataclass(slots=True, eq=False)
class _Layout:
    """A layout that has fields and series asked for, and its frames in order of time.

    `lines` are the series' positions in a frame of `count`, `places` where they belong; `numbers`
    counts the frames over all layouts.
    """

    id: int
    fields: frozenset[int]
    count: int
    lines: NDArray[np.intp]
    places: NDArray[np.intp]
    numbers: list[int] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    times: list[bytes] = field(default_factory=list)
    frames: int = 0
    first: int = 0
    end: int = 0

    def keep(self, first: int, end: int) -> None:
        """Leave only the frames first..end of the `frames` that were read."""
        self.frames, self.first, self.end = len(self.times), first, end
        self.numbers, self.written = self.numbers[first:end], self.written[first:end]
        self.times = []


def read(db: sqlite3.Connection, ask: Wanted, budget: Budget) -> Columns:
    """Rows in order of frames where a series is in several layouts, else of layouts and series.

    Raises BadRequest when the budget is spent, ValueError if the file is damaged, sqlite3.Error.
    """
    return _Reading(db, ask).columns(budget)


class _Reading:
    def __init__(self, db: sqlite3.Connection, ask: Wanted) -> None:
        self._db = db
        self._ask = ask
        self._range = (ask.start_ns - SPAN_NS, ask.end_ns)
        self._where = ""
        self._layouts = self._useful_layouts()

    def columns(self, budget: Budget) -> Columns:
        self._frames(budget)
        layouts = [layout for layout in self._layouts.values() if layout.times]
        moments = [self._moments(layout) for layout in layouts]
        found = _Rows(sum(map(np.size, moments)), list(self._ask.fields))
        for layout, times in zip(layouts, moments, strict=True):
            found.add(layout, times)
        for name, number in self._ask.fields.items():
            blobs = self._blobs(number)
            found.fill(name, [self._values(layout, blobs, number) for layout in layouts])
        columns = found.columns
        if _has_overlap(layouts):
            columns = columns.at(np.argsort(found.frames, kind="stable"))
        inside = (columns.times >= self._ask.start_ns) & (columns.times <= self._ask.end_ns)
        return columns if inside.all() else columns.at(np.flatnonzero(inside))

    def _useful_layouts(self) -> dict[int, _Layout]:
        """The layouts in the range that hold a field and a series asked for; `_where` becomes a
        condition that is true of just these."""
        numbers = self._db.execute(
            "SELECT DISTINCT layout FROM frame WHERE measurement=? AND time_ns BETWEEN ? AND ?",
            (self._ask.measurement, *self._range),
        ).fetchall()
        fields = frozenset(self._ask.fields.values())
        useful = {}
        for (number,) in numbers:
            has, series = self._db.execute(
                "SELECT fields, series FROM layout WHERE id=?", (number,)
            ).fetchone()
            held = frozenset(np.frombuffer(has, "<u4").tolist())
            if held & fields:
                ids = np.frombuffer(series, "<u4")
                places = self._ask.places[np.minimum(ids, len(self._ask.places) - 1)]
                lines = np.flatnonzero(places >= 0)
                if len(lines):
                    useful[number] = _Layout(number, held, len(ids), lines, places[lines])
        if len(useful) < len(numbers):
            self._where = f" AND layout IN ({','.join(map(str, useful))})"
        return useful

    def _frames(self, budget: Budget) -> None:
        certain = 0
        for index, (time_ns, number, written, times) in enumerate(
            self._db.execute(
                "SELECT time_ns, layout, written, times FROM frame"  # noqa: S608 - only numbers
                f" WHERE measurement=? AND time_ns BETWEEN ? AND ?{self._where}"
                " ORDER BY time_ns, layout, twin",
                (self._ask.measurement, *self._range),
            )
        ):
            layout = self._layouts[number]
            layout.numbers.append(index)
            layout.written.append(written)
            layout.times.append(times)
            if self._ask.start_ns <= time_ns <= self._ask.end_ns - SPAN_NS:
                certain += len(layout.lines)
                budget.check(certain)

    def _blobs(self, field: int) -> dict[int, list[bytes]]:
        """The field's values by layout, in the order of the frames."""
        found: dict[int, list[bytes]] = defaultdict(list)
        for layout, data in self._db.execute(
            "SELECT layout, data FROM value WHERE field=? AND time_ns BETWEEN ? AND ?"  # noqa: S608
            f"{self._where} ORDER BY time_ns, layout, twin",
            (field, *self._range),
        ):
            found[layout].append(data)
        return found

    def _moments(self, layout: _Layout) -> NDArray[np.int64]:
        """The times of the layout's frames that are in the range, of shape (series, frames).

        The frames before and behind them are left out of the layout from here on.
        """
        times = codec.unpack(layout.times, layout.count, "<i8")[:, layout.lines]
        inside = ((times >= self._ask.start_ns) & (times <= self._ask.end_ns)).any(axis=1)
        which = np.flatnonzero(inside)
        first, end = (int(which[0]), int(which[-1]) + 1) if len(which) else (0, 0)
        layout.keep(first, end)
        return times[first:end].T

    def _values(
        self, layout: _Layout, blobs: dict[int, list[bytes]], field: int
    ) -> NDArray[np.float64] | None:
        """The field's values in the layout's frames, of shape (series, frames); None if absent."""
        if field not in layout.fields:
            return None
        packed = blobs.get(layout.id, [])
        if len(packed) != layout.frames:
            raise ValueError("a frame without its values")
        packed = packed[layout.first : layout.end]
        return codec.unpack(packed, layout.count, "<f8")[:, layout.lines].T


class _Rows:
    """Columns that are filled in place, layout by layout and in each series by series."""

    def __init__(self, size: int, names: list[str]) -> None:
        self.columns = Columns(
            np.empty(size, np.intp),
            np.empty(size, np.int64),
            np.empty(size, np.int64),
            {name: np.empty(size) for name in names},
        )
        self.frames = np.empty(size, np.int64)
        self._size = 0
        self._parts: list[tuple[slice, tuple[int, int]]] = []

    def add(self, layout: _Layout, times: NDArray[np.int64]) -> None:
        part = slice(self._size, self._size + times.size)
        self._size = part.stop
        self._parts.append((part, times.shape))
        columns = self.columns
        columns.places[part].reshape(times.shape)[:] = layout.places[:, None]
        columns.times[part].reshape(times.shape)[:] = times
        columns.written[part].reshape(times.shape)[:] = layout.written
        self.frames[part].reshape(times.shape)[:] = layout.numbers

    def fill(self, name: str, values: list[NDArray[np.float64] | None]) -> None:
        column = self.columns.values[name]
        for (part, shape), found in zip(self._parts, values, strict=True):
            column[part].reshape(shape)[:] = np.nan if found is None else found


def _has_overlap(layouts: list[_Layout]) -> bool:
    """Whether a series is in several of the layouts."""
    return len(layouts) > 1 and bool(
        (np.bincount(np.concatenate([layout.places for layout in layouts])) > 1).any()
    )
