"""Reads one day's file: which series match, which frames hold them, and their columns."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.stores.embedded import codec
from monitor.stores.embedded.rows import Rows, TagPairs
from monitor.stores.embedded.schema import NUMBER, SPAN_NS
from monitor.stores.limits import Budget


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of a file; times are Unix ns, both ends included."""

    measurement: str
    fields: Sequence[str]
    accepts: Callable[[Mapping[str, str]], bool]
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class _Layout:
    fields: frozenset[int]
    series: bytes
    count: int
    wanted: int


@dataclass(frozen=True, slots=True)
class _Frame:
    layout: _Layout
    written: int
    times: bytes


def scan(db: sqlite3.Connection, ask: Selection, budget: Budget) -> Rows | None:
    """The rows of a file that match, None if there are none; all of one moment.

    Raises BadRequest when the budget is spent, ValueError if the file is damaged, sqlite3.Error.
    """
    db.execute("BEGIN")
    return _Scan(db, ask).rows(budget)


class _Scan:
    def __init__(self, db: sqlite3.Connection, ask: Selection) -> None:
        self._db = db
        self._ask = ask
        self._fields = self._known_fields()
        self._tags: list[TagPairs] = []
        self._index = np.empty(0, np.intp)

    def rows(self, budget: Budget) -> Rows | None:
        if not self._fields or not self._match_series():
            return None
        numbers = {f: number for f, (number, kind) in self._fields.items() if kind == NUMBER}
        texts = {f: number for f, (number, kind) in self._fields.items() if kind != NUMBER}
        found = [self._framed(numbers, budget)] if numbers else []
        found += [self._texts(name, number, budget) for name, number in texts.items()]
        rows = _joined(self._tags, found, list(numbers), list(texts))
        budget.spend(len(rows.times))
        return rows

    def _known_fields(self) -> dict[str, tuple[int, int]]:
        rows = self._db.execute(
            "SELECT name, id, kind FROM field WHERE measurement=?", (self._ask.measurement,)
        )
        return {name: (number, kind) for name, number, kind in rows if name in self._ask.fields}

    def _match_series(self) -> bool:
        """Fill `_tags` with the series that match, and `_index` from number to place in it."""
        places: dict[int, int] = {}
        for number, text in self._db.execute(
            "SELECT id, tags FROM series WHERE measurement=?", (self._ask.measurement,)
        ):
            tags = json.loads(text)
            if self._ask.accepts(tags):
                places[number] = len(places)
                self._tags.append(tuple(tags.items()))
        # One more than the highest: all numbers beyond share the last place, "not wanted".
        self._index = np.full(max(places, default=0) + 2, -1, np.intp)
        self._index[list(places)] = list(places.values())
        return bool(places)

    def _places(self, series: NDArray[np.uint32]) -> NDArray[np.intp]:
        return self._index[np.minimum(series, len(self._index) - 1)]

    def _framed(self, numbers: dict[str, int], budget: Budget) -> Rows:
        where, layouts = self._useful_layouts(frozenset(numbers.values()))
        frames = self._frames(where, layouts, budget)
        series = np.frombuffer(b"".join(f.layout.series for f in frames), "<u4")
        times = np.frombuffer(b"".join(f.times for f in frames), "<i8")
        counts = [f.layout.count for f in frames]
        written = np.repeat(np.array([f.written for f in frames], np.int64), counts)
        places = self._places(series)
        keep = (places >= 0) & (times >= self._ask.start_ns) & (times <= self._ask.end_ns)
        columns = {
            name: self._column(number, where, frames)[keep] for name, number in numbers.items()
        }
        return Rows(self._tags, places[keep], times[keep], written[keep], columns)

    def _range(self) -> tuple[int, int]:
        return self._ask.start_ns - SPAN_NS, self._ask.end_ns

    def _useful_layouts(self, fields: frozenset[int]) -> tuple[str, dict[int, _Layout]]:
        """The layouts in the range that hold a field and a series asked for, and a SQL condition
        that is true of just these."""
        numbers = self._db.execute(
            "SELECT DISTINCT layout FROM frame WHERE measurement=? AND time_ns BETWEEN ? AND ?",
            (self._ask.measurement, *self._range()),
        ).fetchall()
        useful = {}
        for (number,) in numbers:
            has, series = self._db.execute(
                "SELECT fields, series FROM layout WHERE id=?", (number,)
            ).fetchone()
            ids = np.frombuffer(series, "<u4")
            held = frozenset(np.frombuffer(has, "<u4").tolist())
            wanted = int(np.count_nonzero(self._places(ids) >= 0))
            if wanted and held & fields:
                useful[number] = _Layout(held, series, len(ids), wanted)
        if len(useful) == len(numbers):
            return "", useful
        return f" AND layout IN ({','.join(map(str, useful))})", useful

    def _frames(self, where: str, layouts: dict[int, _Layout], budget: Budget) -> list[_Frame]:
        frames = []
        certain = 0
        for time_ns, number, written, times in self._db.execute(
            "SELECT time_ns, layout, written, times FROM frame"  # noqa: S608 - `where` has numbers
            f" WHERE measurement=? AND time_ns BETWEEN ? AND ?{where}"
            " ORDER BY time_ns, layout, twin",
            (self._ask.measurement, *self._range()),
        ):
            layout = layouts[number]
            frames.append(_Frame(layout, written, codec.unpack(times, layout.count)))
            if self._ask.start_ns <= time_ns <= self._ask.end_ns - SPAN_NS:
                certain += layout.wanted
                budget.check(certain)
        return frames

    def _column(self, field: int, where: str, frames: list[_Frame]) -> NDArray[np.float64]:
        """The field's values over all frames, NaN in those that lack it.

        Values come in the order of the frames, and all that have the field have a row.
        """
        blobs = self._db.execute(
            "SELECT data FROM value WHERE field=? AND time_ns BETWEEN ? AND ?"  # noqa: S608
            f"{where} ORDER BY time_ns, layout, twin",
            (field, *self._range()),
        )
        parts = []
        for frame in frames:
            count = frame.layout.count
            if field in frame.layout.fields:
                row = blobs.fetchone()
                if row is None:
                    raise ValueError("a frame without its values")
                parts.append(codec.unpack(row[0], count))
            else:
                parts.append(np.full(count, np.nan, "<f8").tobytes())
        return np.frombuffer(b"".join(parts), "<f8")

    def _texts(self, name: str, field: int, budget: Budget) -> Rows:
        places, times, values = [], [], []
        for series, time_ns, value in self._db.execute(
            "SELECT series, time_ns, value FROM text WHERE field=? AND time_ns BETWEEN ? AND ?",
            (field, self._ask.start_ns, self._ask.end_ns),
        ):
            place = self._index[series] if series < len(self._index) else -1
            if place >= 0:
                places.append(place)
                times.append(time_ns)
                values.append(value)
                budget.check(len(times))
        column = np.empty(len(values), object)
        column[:] = values
        return Rows(
            self._tags,
            np.array(places, np.intp),
            np.array(times, np.int64),
            np.zeros(len(times), np.int64),
            {name: column},
        )


def _joined(tags: list[TagPairs], found: list[Rows], numbers: list[str], texts: list[str]) -> Rows:
    columns: dict[str, NDArray[Any]] = {}
    for names, kind, absent in ((numbers, np.float64, np.nan), (texts, object, None)):
        for name in names:
            parts = [r.columns.get(name, np.full(len(r.times), absent, kind)) for r in found]
            columns[name] = np.concatenate(parts)
    return Rows(
        tags,
        np.concatenate([rows.series for rows in found]),
        np.concatenate([rows.times for rows in found]),
        np.concatenate([rows.written for rows in found]),
        columns,
    )
