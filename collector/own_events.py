"""What a collector has to say about itself in events: its clock was set, its log loses records."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from monitor.edgelog import EdgeLog, steady_ns
from monitor.record import Record, Series, Value

log = logging.getLogger(__name__)

STEP_SECONDS = 1.0
"""From one sweep to the next no clock that is slewed goes wrong by so much."""
AGAIN_SECONDS = 3600.0
NS = 10**9


class OwnEvents:
    """Looks at the clock and at the log once a sweep.

    A clock that was set makes an event, whose time is the new one: what lies between the old time
    and the new is skewed. The samples are not changed, since nobody knows which time was right.
    `clock` is Unix ns; `steady` ns of a clock that nobody sets.
    """

    def __init__(
        self,
        identity: Mapping[str, str],
        edge_log: EdgeLog,
        clock: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = steady_ns,
    ) -> None:
        self._identity = identity
        self._edge_log = edge_log
        self._clock = clock
        self._steady = steady
        self._offset_ns = clock() - steady()
        self._steps = 0
        self._stepped_seconds = 0.0
        self._lost = edge_log.stats().lost_records
        self._said_ns: int | None = None

    @property
    def figures(self) -> dict[str, Value]:
        """Fields of the process's row of `weir`."""
        return {"clock_steps_total": self._steps, "clock_step_seconds": self._stepped_seconds}

    def records(self) -> list[Record]:
        """The events since the last call, each said in a line of the process's output too."""
        return [*self._clock_set(), *self._losing()]

    def _clock_set(self) -> list[Record]:
        offset_ns = self._clock() - self._steady()
        step = (offset_ns - self._offset_ns) / NS
        self._offset_ns = offset_ns
        if abs(step) < STEP_SECONDS:
            return []
        self._steps += 1
        self._stepped_seconds = step
        way = "forward" if step > 0 else "back"
        text = f"the clock of this node was set {way} by {abs(step):.1f} s"
        log.warning("%s; samples of that time stand where it said", text)
        return [self._event("ClockStep", text)]

    def _losing(self) -> list[Record]:
        lost, now = self._edge_log.stats().lost_records, self._steady()
        recently = self._said_ns is not None and now - self._said_ns < AGAIN_SECONDS * NS
        if lost <= self._lost or recently:
            return []
        text = f"{lost - self._lost} records went before every consumer had them"
        self._lost, self._said_ns = lost, now
        return [self._event("LogRecordsLost", text)]

    def _event(self, reason: str, message: str) -> Record:
        tags = {**self._identity, "kind": "Collector", "reason": reason, "type": "Warning"}
        node = self._identity.get("node", "")
        fields: dict[str, Value] = {"message": message, "object": node}
        return Record(Series.of("event", tags), fields, self._clock())
