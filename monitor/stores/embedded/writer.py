"""The embedded store's Writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from monitor.errors import StoreRejected
from monitor.gzipped import members
from monitor.lineprotocol import Parser
from monitor.stores.embedded import days
from monitor.stores.embedded.dayfile import DayFile
from monitor.stores.embedded.failures import unavailable
from monitor.stores.embedded.frames import Batch, Day, add_member

_OPEN_FILES = 4
_SHOWN = 3


class EmbeddedWriter:
    """Writes each body in one durable transaction a day that it touches; threads may share it.

    `clock` gives Unix nanoseconds; `retention_days` whole days are kept beside the present one.
    """

    def __init__(self, directory: Path, retention_days: int, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._retention_days = retention_days
        self._clock = clock
        self._parser = Parser()
        self._parsing = threading.Lock()
        self._writing = threading.Lock()
        self._files: dict[int, DayFile] = {}
        self._cleaned_on: int | None = None

    def write(self, body: bytes) -> None:
        """See `monitor.stores.protocols.Writer`."""
        today = days.day_of(self._clock())
        with self._parsing:
            batch = self._parse(body, today)
        with self._writing:
            self._clean(today)
            for number, day in sorted(batch.days.items()):
                batch.refused += self._store(number, day)
        if batch.refused:
            shown = "; ".join(batch.refused[:_SHOWN])
            raise StoreRejected(f"{self._directory} refused {len(batch.refused)} lines: {shown}")

    def _parse(self, body: bytes, today: int) -> Batch:
        batch = Batch()
        oldest = (today - self._retention_days) * days.DAY_NS
        newest = (today + 2) * days.DAY_NS - 1
        first_line = 1
        try:
            for lines in members(body):
                add_member(batch, lines, self._parser, oldest, newest, first_line)
                first_line += lines.count(b"\n")
        except ValueError as error:
            batch.refused.append(str(error))
        return batch

    def _clean(self, today: int) -> None:
        if self._cleaned_on == today:
            return
        first = today - self._retention_days
        for number in [n for n in self._files if n < first]:
            self._files.pop(number).close()
        try:
            days.remove_before(self._directory, first)
        except OSError as error:
            raise unavailable(error, self._directory) from None
        self._cleaned_on = today

    def _store(self, number: int, day: Day) -> list[str]:
        path = days.path_of(self._directory, number)
        try:
            return self._file(number, path).write(day)
        except (sqlite3.Error, OSError) as error:
            self._drop(number)
            raise unavailable(error, path) from None

    def _file(self, number: int, path: Path) -> DayFile:
        file = self._files.pop(number, None)
        if file is None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = DayFile(path)
            while len(self._files) >= _OPEN_FILES:
                self._drop(next(iter(self._files)))
        self._files[number] = file
        return file

    def _drop(self, number: int) -> None:
        file = self._files.pop(number, None)
        if file is not None:
            file.close()

    def close(self) -> None:
        with self._writing:
            for number in list(self._files):
                self._drop(number)
