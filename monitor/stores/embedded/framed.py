"""Reads the numeric columns of one day's file, all frames of a layout at a time."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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


@dataclass(slots=True, eq=False)
class _Layout:
    """A layout that has fields and series asked for, and its frames in order of time.

    `lines` are the series' positions in a frame of `count`, `places` where they belong; `numbers`
    counts the frames over all layouts.
    """

    fields: frozenset[int]
    count: int
    lines: NDArray[np.intp]
    places: NDArray[np.intp]
    numbers: list[int] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    times: list[bytes] = field(default_factory=list)


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
        blobs = {number: self._blobs(number) for number in self._ask.fields.values()}
        found, frames = [], []
        for number, layout in self._layouts.items():
            if layout.times:
                part, kept = self._part(layout, {f: found[number] for f, found in blobs.items()})
                found.append(part)
                frames.append(kept)
        columns = _joined(found, list(self._ask.fields))
        if self._has_overlap():
            order = np.argsort(np.concatenate(frames), kind="stable")
            columns = Columns(
                columns.places[order],
                columns.times[order],
                columns.written[order],
                {name: column[order] for name, column in columns.values.items()},
            )
        return columns

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
                    useful[number] = _Layout(held, len(ids), lines, places[lines])
        if len(useful) < len(numbers):
            self._where = f" AND layout IN ({','.join(map(str, useful))})"
        return useful

    def _has_overlap(self) -> bool:
        places = [layout.places for layout in self._layouts.values() if layout.times]
        return len(places) > 1 and bool((np.bincount(np.concatenate(places)) > 1).any())

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

    def _part(
        self, layout: _Layout, blobs: Mapping[int, list[bytes]]
    ) -> tuple[Columns, NDArray[Any]]:
        """A layout's rows, series by series, and the number of each one's frame."""

        def of_series(packed: list[bytes], kind: str) -> NDArray[Any]:
            if len(packed) != len(layout.times):
                raise ValueError("a frame without its values")
            return codec.unpack(packed, layout.count, kind)[:, layout.lines].T

        times = of_series(layout.times, "<i8")
        keep = (times >= self._ask.start_ns) & (times <= self._ask.end_ns)
        rows = int(np.count_nonzero(keep))

        def of_frames(numbers: list[int], kind: type[np.integer[Any]]) -> NDArray[Any]:
            return np.broadcast_to(np.array(numbers, kind), keep.shape)[keep]

        values = {
            name: of_series(blobs[number], "<f8")[keep]
            if number in layout.fields
            else np.full(rows, np.nan)
            for name, number in self._ask.fields.items()
        }
        places = np.broadcast_to(layout.places[:, None], keep.shape)[keep]
        found = Columns(places, times[keep], of_frames(layout.written, np.int64), values)
        # Numbers below 65,536 are sorted by radix, ten times faster than as 64-bit numbers.
        kind = np.uint16 if layout.numbers[-1] < 1 << 16 else np.int64
        return found, of_frames(layout.numbers, kind)


def _joined(found: list[Columns], names: list[str]) -> Columns:
    if not found:
        none = np.empty(0, np.int64)
        return Columns(none.astype(np.intp), none, none, {name: np.empty(0) for name in names})
    return Columns(
        np.concatenate([part.places for part in found]),
        np.concatenate([part.times for part in found]),
        np.concatenate([part.written for part in found]),
        {name: np.concatenate([part.values[name] for part in found]) for name in names},
    )
