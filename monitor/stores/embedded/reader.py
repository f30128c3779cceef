"""The embedded store's Reader."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from monitor.stores import matching
from monitor.stores.embedded import days
from monitor.stores.embedded.failures import damaged, unavailable
from monitor.stores.embedded.rows import Rows, samples
from monitor.stores.embedded.scan import Selection, scan
from monitor.stores.embedded.schema import open_for_reading
from monitor.stores.limits import Budget
from monitor.stores.protocols import Matcher, Samples


class EmbeddedReader:
    """Reads while a writer, in this process or another, goes on; threads may share it.

    Each select opens the files it needs (a quarter of a millisecond each), so there is nothing to
    go stale when a day is removed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def select(
        self,
        measurement: str,
        fields: Sequence[str],
        matchers: Sequence[Matcher],
        start_ns: int,
        end_ns: int,
        limit: int | None = None,
    ) -> Iterator[Samples]:
        """See `monitor.stores.protocols.Reader`."""
        accepts = matching.predicate(matchers)
        ask = Selection(measurement, fields, accepts, start_ns, end_ns)
        budget = Budget(limit)
        first, last = days.day_of(start_ns), days.day_of(end_ns)
        wanted = [day for day in days.days_in(self._directory) if first <= day <= last]
        found = [self._scan(day, ask, budget) for day in wanted]
        return samples([rows for rows in found if rows is not None], fields)

    def _scan(self, day: int, ask: Selection, budget: Budget) -> Rows | None:
        path = days.path_of(self._directory, day)
        try:
            db = open_for_reading(path)
            if db is None:
                return None
            with contextlib.closing(db):
                return scan(db, ask, budget)
        except sqlite3.Error as error:
            if not path.exists():  # the retention removed it meanwhile
                return None
            raise unavailable(error, path) from None
        except ValueError as error:
            raise damaged(path, str(error)) from None

    def close(self) -> None:
        """Nothing is kept open."""
