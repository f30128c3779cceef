"""Keeps each sweep in the edge log; a log that refuses stops neither sweeps nor /metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence

from monitor import lineprotocol
from monitor.edgelog import SMALL_LINES_BYTES, EdgeLog, LogError
from monitor.record import Record

log = logging.getLogger(__name__)

LATE_SECONDS = 1.0
MOST_RECORDS = 5000
"""That wait to be kept: more are kept at once."""


CALM_SECONDS = 60.0
"""Without a refusal, before it is said that the log takes records again: it may alternate."""


class SweepLog:
    """Appends records to the log; says once when it begins to refuse them and when it ends."""

    def __init__(self, edge_log: EdgeLog, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._edge_log = edge_log
        self._monotonic = monotonic
        self._refused = 0
        self._refused_at: float | None = None
        self._failing = False
        self._waiting: list[Record] = []
        self.due = float("inf")

    @property
    def failing(self) -> bool:
        """Whether something of the last sweep could not be kept."""
        return self._failing

    def keep_soon(self, records: Sequence[Record]) -> None:
        """Let them wait for others, so that what comes together is one record of the log.

        They are kept with the next sweep; whoever calls this calls `keep` when `due` (monotonic
        seconds) has come, within a second.
        """
        if records and not self._waiting:
            self.due = self._monotonic() + LATE_SECONDS
        self._waiting += records
        if len(self._waiting) > MOST_RECORDS:
            self.due = float("-inf")

    def keep(self, records: Sequence[Record], time_ns: int) -> None:
        """Append one sweep's records under the sweep's Unix time, behind those that wait.

        They are one record of the log; where that would be too large for a reader, several.
        """
        records = [*self._waiting, *records]
        self._waiting, self.due = [], float("inf")
        refusal: LogError | None = None
        for lines in _parts(records):
            try:
                self._edge_log.append(lines, time_ns)
            except LogError as error:
                refusal = error
        self._failing = refusal is not None
        now = self._monotonic()
        if refusal is not None:
            if not self._refused:
                log.error("%s; sweeps and /metrics go on, but are not kept meanwhile", refusal)
            self._refused += 1
            self._refused_at = now
        elif self._refused_at is not None and now - self._refused_at >= CALM_SECONDS:
            log.info("the edge log takes records again; %d sweeps were not kept", self._refused)
            self._refused, self._refused_at = 0, None


def _parts(records: Sequence[Record]) -> Iterator[bytes]:
    """The records' lines, halved until a part is small enough or has a single record."""
    lines = lineprotocol.encode(records)
    if len(lines) > SMALL_LINES_BYTES and len(records) > 1:
        middle = len(records) // 2
        yield from _parts(records[:middle])
        yield from _parts(records[middle:])
    elif lines:
        yield lines
