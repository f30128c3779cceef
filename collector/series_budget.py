"""How many series one node may write: a flood of new ones is cut before it reaches a disk.

A store keeps an index entry for each series that it ever saw, so ten thousand containers a minute,
or a program that makes up names, would hurt it and every other node with it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from monitor.record import Record

log = logging.getLogger(__name__)

FORGET_NS = 3600 * 10**9
"""A series that was not seen for so long makes room for another."""
QUIET_NS = 600 * 10**9
"""A flood is over when nothing was left out for so long."""

_LOOK_NS = 60 * 10**9
_NEVER_CUT = frozenset({"node", "machine", "weir"})


class SeriesBudget:
    """Admits the series that it knows, and new ones while there is room for them.

    Only the thread that sweeps asks `admit`; any may read `figures`. A series is known from its
    first row on, until an hour after its last. The node's own rows count, and are never cut.
    """

    def __init__(self, max_series: int) -> None:
        self.max_series = max_series
        self._seen_ns: dict[str, int] = {}
        self._looked_ns = 0
        self._left_out = 0
        self._rows_left_out = 0
        self._last_cut_ns: int | None = None

    def admit(self, records: Sequence[Record], time_ns: int) -> list[Record]:
        """The records of one sweep, made at `time_ns`, that may be kept and shown."""
        self._forget(time_ns)
        admitted, self._left_out = self._of(records, time_ns)
        return admitted

    def admit_between(self, records: Sequence[Record], time_ns: int) -> list[Record]:
        """The same for records that were made between two sweeps."""
        return self._of(records, time_ns)[0]

    def _of(self, records: Sequence[Record], time_ns: int) -> tuple[list[Record], int]:
        """Those that may be kept, and how many series were left out."""
        admitted: list[Record] = []
        cut: set[str] = set()
        for record in records:
            series = record.series
            if (
                series.key in self._seen_ns
                or len(self._seen_ns) < self.max_series
                or series.measurement in _NEVER_CUT
            ):
                self._seen_ns[series.key] = time_ns
                admitted.append(record)
            else:
                cut.add(series.key)
        self._rows_left_out += len(records) - len(admitted)
        self._tell(time_ns, min(cut, default=""))
        return admitted, len(cut)

    @property
    def figures(self) -> Mapping[str, int]:
        """What the budget knows about itself, as fields of the `weir` measurement."""
        return {
            "series": len(self._seen_ns),
            "series_left_out": self._left_out,
            "rows_left_out_total": self._rows_left_out,
        }

    def _forget(self, time_ns: int) -> None:
        if time_ns - self._looked_ns < _LOOK_NS:
            return
        self._looked_ns = time_ns
        oldest = time_ns - FORGET_NS
        self._seen_ns = {key: seen for key, seen in self._seen_ns.items() if seen >= oldest}

    def _tell(self, time_ns: int, example: str) -> None:
        if example and self._last_cut_ns is None:
            log.warning(
                "series: %d within an hour is all that --max-series allows; new ones are left out, "
                "such as %.200s; allow more, or find out what makes so many",
                self.max_series,
                example,
            )
        if example:
            self._last_cut_ns = time_ns
        elif self._last_cut_ns is not None and time_ns - self._last_cut_ns >= QUIET_NS:
            self._last_cut_ns = None
            log.info("series: none was left out for ten minutes; %d rows were", self._rows_left_out)
