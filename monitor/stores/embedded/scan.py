"""Reads one day's file: which series match, which frames hold them, and their columns."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.stores.embedded import framed
from monitor.stores.embedded.framed import Wanted
from monitor.stores.embedded.rows import Rows, Tags
from monitor.stores.embedded.schema import NUMBER
from monitor.stores.limits import Budget

_TEXTS = 10_000
"""Texts that are read at a time."""
_REMEMBER = 20_000
"""Series whose tags are kept parsed: some 10 MB."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of a file; times are Unix ns, both ends included."""

    measurement: str
    fields: Sequence[str]
    accepts: Callable[[Mapping[str, str]], bool]
    start_ns: int
    end_ns: int


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
        self._tags: list[Tags] = []
        self._index = np.empty(0, np.intp)

    def rows(self, budget: Budget) -> Rows | None:
        if not self._fields or not self._match_series():
            return None
        numbers = {f: number for f, (number, kind) in self._fields.items() if kind == NUMBER}
        texts = {f: number for f, (number, kind) in self._fields.items() if kind != NUMBER}
        found = [self._framed(numbers, budget)] if numbers else []
        found += self._texts(texts, budget)
        rows = found[0]
        if len(found) > 1:
            rows = _joined(self._tags, found, list(numbers), list(texts))
        budget.spend(len(rows.times))
        return rows

    def _known_fields(self) -> dict[str, tuple[int, int]]:
        rows = self._db.execute(
            "SELECT name, id, kind FROM field WHERE measurement=?", (self._ask.measurement,)
        )
        return {name: (number, kind) for name, number, kind in rows if name in self._ask.fields}

    def _match_series(self) -> bool:
        """Fill `_tags` with the series that match, and `_index` from number to place in it, -1
        where a series does not match."""
        places: dict[int, int] = {}
        for number, text in self._db.execute(
            "SELECT id, tags FROM series WHERE measurement=?", (self._ask.measurement,)
        ):
            tags, known = _parsed(text)
            if self._ask.accepts(tags):
                places[number] = len(places)
                self._tags.append(known)
        # One more than the highest: all numbers beyond share the last place, "not wanted".
        self._index = np.full(max(places, default=0) + 2, -1, np.intp)
        self._index[list(places)] = list(places.values())
        return bool(places)

    def _framed(self, numbers: dict[str, int], budget: Budget) -> Rows:
        ask = self._ask
        wanted = Wanted(ask.measurement, numbers, self._index, ask.start_ns, ask.end_ns)
        return Rows(self._tags, *framed.read(self._db, wanted, budget))

    def _texts(self, fields: dict[str, int], budget: Budget) -> list[Rows]:
        """The text fields, those together that stand in the same samples."""
        found: list[Rows] = []
        for name, field in fields.items():
            rows = self._text(name, field, budget)
            for other in found:
                if np.array_equal(other.series, rows.series) and np.array_equal(
                    other.times, rows.times
                ):
                    other.columns |= rows.columns
                    break
            else:
                found.append(rows)
        return found

    def _text(self, name: str, field: int, budget: Budget) -> Rows:
        cursor = self._db.execute(
            "SELECT series, time_ns, value FROM text WHERE field=? AND time_ns BETWEEN ? AND ?",
            (field, self._ask.start_ns, self._ask.end_ns),
        )
        found: list[tuple[int, int, str]] = []
        while rows := cursor.fetchmany(_TEXTS):
            places = self._index[np.minimum([row[0] for row in rows], len(self._index) - 1)]
            found += [
                (place, row[1], row[2])
                for place, row in zip(places.tolist(), rows, strict=True)
                if place >= 0
            ]
            budget.check(len(found))
        series, times, values = zip(*found, strict=True) if found else ((), (), ())
        column = np.empty(len(values), object)
        column[:] = values
        return Rows(
            self._tags,
            np.array(series, np.intp),
            np.array(times, np.int64),
            np.zeros(len(times), np.int64),
            {name: column},
        )


@lru_cache(maxsize=_REMEMBER)
def _parsed(tags: str) -> tuple[Mapping[str, str], Tags]:
    """A series' tags: every select meets the same ones again, and parsing takes most of it."""
    parsed = json.loads(tags)
    return parsed, Tags.of(parsed)


def _joined(tags: list[Tags], found: list[Rows], numbers: list[str], texts: list[str]) -> Rows:
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
