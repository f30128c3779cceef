"""One day's file, as its writer has it."""

from __future__ import annotations

from pathlib import Path

from monitor.stores.embedded import codec
from monitor.stores.embedded.dictionary import Dictionary
from monitor.stores.embedded.frames import Day, Frame, Text
from monitor.stores.embedded.schema import TEXT, open_for_writing

_PUT_VALUE = "INSERT OR REPLACE INTO value (field, time_ns, layout, twin, data) VALUES (?,?,?,?,?)"
_PUT_FRAME = (
    "INSERT OR REPLACE INTO frame (measurement, time_ns, layout, twin, written, times)"
    " VALUES (?,?,?,?,?,?)"
)
_PUT_TEXT = "INSERT OR REPLACE INTO text (field, time_ns, series, value) VALUES (?,?,?,?)"


class DayFile:
    """Writes whole batches; for one thread at a time.

    Methods raise sqlite3.Error. After one the file has to be closed, which undoes what was begun,
    and opened anew: the numbers that the dictionary remembers may never have been stored.
    """

    def __init__(self, path: Path) -> None:
        self._db = open_for_writing(path)
        self._names = Dictionary(self._db)

    def write(self, day: Day) -> list[str]:
        """Store all of it in one transaction, durably; what was refused, in words."""
        refused: list[str] = []
        self._db.execute("BEGIN IMMEDIATE")
        row = self._db.execute("UPDATE written SET count = count + 1 RETURNING count")
        written: int = row.fetchone()[0]
        for frame in day.frames:
            self._frame(frame, written, refused)
        self._texts(day.texts, refused)
        self._db.execute("COMMIT")
        return refused

    def _frame(self, frame: Frame, written: int, refused: list[str]) -> None:
        fields, columns = [], []
        for name, field, column in zip(
            frame.fields, self._names.number_fields(frame), frame.values, strict=True
        ):
            if field is None:
                refused.append(f"{frame.measurement}: field {name} is text; a number was refused")
            else:
                fields.append(field)
                columns.append(column)
        if not fields:
            return
        layout = self._names.layout(fields, frame.series)
        first, times = int(frame.times.min()), codec.pack(frame.times)
        twin = self._twin(frame.measurement, first, layout, times)
        self._db.execute(_PUT_FRAME, (frame.measurement, first, layout, twin, written, times))
        self._db.executemany(
            _PUT_VALUE,
            (
                (field, first, layout, twin, codec.pack(column))
                for field, column in zip(fields, columns, strict=True)
            ),
        )

    def _twin(self, measurement: str, first: int, layout: int, times: bytes) -> int:
        """The place of this very frame if it is there already, else the next free one."""
        others = self._db.execute(
            "SELECT times FROM frame WHERE measurement=? AND time_ns=? AND layout=? ORDER BY twin",
            (measurement, first, layout),
        ).fetchall()
        return others.index((times,)) if (times,) in others else len(others)

    def _texts(self, texts: list[Text], refused: list[str]) -> None:
        for series, name, value, time_ns in texts:
            field = self._names.field(series.measurement, name, TEXT)
            if field is None:
                refused.append(f"{series.key}: field {name} is a number; a text was refused")
            else:
                row = (field, time_ns, self._names.series(series), value)
                self._db.execute(_PUT_TEXT, row)

    def close(self) -> None:
        """Fold the write-ahead log into the file, as far as readers allow, and close it."""
        self._db.close()
