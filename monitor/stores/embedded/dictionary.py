"""A file's names and their numbers: series, fields and layouts, made when first seen."""

from __future__ import annotations

import hashlib
import json
import sqlite3

import numpy as np

from monitor.record import Series
from monitor.stores.embedded.frames import Frame
from monitor.stores.embedded.schema import NUMBER

_REMEMBER = 200_000
"""Entries kept in memory of each kind; past it they are looked up again."""


class Dictionary:
    """Looks numbers up in a file, and adds to it, inside the caller's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._series: dict[str, int] = {}
        self._fields: dict[tuple[str, str], tuple[int, int]] = {}
        self._layouts: dict[bytes, int] = {}

    def series(self, series: Series) -> int:
        number = self._series.get(series.key)
        if number is None:
            if len(self._series) >= _REMEMBER:
                self._series.clear()
            tags = json.dumps(dict(series.tags), ensure_ascii=False, separators=(",", ":"))
            number = self._series[series.key] = self._number(
                "SELECT id FROM series WHERE measurement=? AND tags=?",
                "INSERT INTO series (measurement, tags) VALUES (?, ?)",
                (series.measurement, tags),
            )
        return number

    def field(self, measurement: str, name: str, kind: int) -> int | None:
        """The field's number, or None if the file has it as the other kind."""
        known = self._fields.get((measurement, name))
        if known is None:
            if len(self._fields) >= _REMEMBER:
                self._fields.clear()
            known = self._fields[measurement, name] = self._field(measurement, name, kind)
        return known[0] if known[1] == kind else None

    def _field(self, measurement: str, name: str, kind: int) -> tuple[int, int]:
        row: tuple[int, int] | None = self._db.execute(
            "SELECT id, kind FROM field WHERE measurement=? AND name=?", (measurement, name)
        ).fetchone()
        if row is not None:
            return row
        row = self._db.execute(
            "INSERT INTO field (measurement, name, kind) VALUES (?, ?, ?) RETURNING id, kind",
            (measurement, name, kind),
        ).fetchone()
        return row[0], row[1]

    def number_fields(self, frame: Frame) -> list[int | None]:
        """The number of each of the frame's fields; None where the file has it as text."""
        return [self.field(frame.measurement, name, NUMBER) for name in frame.fields]

    def layout(self, fields: list[int], series: list[Series]) -> int:
        field_ids = np.array(fields, "<u4").tobytes()
        series_ids = np.array([self.series(each) for each in series], "<u4").tobytes()
        digest = hashlib.blake2b(
            len(field_ids).to_bytes(4, "little") + field_ids + series_ids, digest_size=16
        ).digest()
        number = self._layouts.get(digest)
        if number is None:
            if len(self._layouts) >= _REMEMBER:
                self._layouts.clear()
            number = self._layouts[digest] = self._number(
                "SELECT id FROM layout WHERE digest=?",
                "INSERT INTO layout (digest, fields, series) VALUES (?, ?, ?)",
                (digest,),
                (field_ids, series_ids),
            )
        return number

    def _number(
        self,
        select: str,
        insert: str,
        key: tuple[str | bytes, ...],
        rest: tuple[bytes, ...] = (),
    ) -> int:
        row = self._db.execute(select, key).fetchone()
        if row is None:
            row = self._db.execute(f"{insert} RETURNING id", key + rest).fetchone()
        number: int = row[0]
        return number
