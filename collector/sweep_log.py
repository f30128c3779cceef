"""Keeps each sweep in the edge log; a log that refuses stops neither sweeps nor /metrics."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from monitor import lineprotocol
from monitor.edgelog import EdgeLog, LogError
from monitor.record import Record

log = logging.getLogger(__name__)


class SweepLog:
    """Appends records to the log; says once when it begins to refuse them and when it ends."""

    def __init__(self, edge_log: EdgeLog) -> None:
        self._edge_log = edge_log
        self._refused = 0

    @property
    def failing(self) -> bool:
        """Whether the last sweep could not be kept."""
        return self._refused > 0

    def keep(self, records: Sequence[Record], time_ns: int) -> None:
        """Append one sweep's records, as one record of the log, under the sweep's Unix time."""
        lines = lineprotocol.encode(records)
        if not lines:
            return
        try:
            self._edge_log.append(lines, time_ns)
        except LogError as error:
            if not self._refused:
                log.error("%s; sweeps and /metrics go on, but are not kept meanwhile", error)
            self._refused += 1
            return
        if self._refused:
            log.info("the edge log takes records again; %d sweeps were not kept", self._refused)
            self._refused = 0
