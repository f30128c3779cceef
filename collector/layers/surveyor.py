"""Measures the containers' layers one after another, on a thread of its own and at a bounded pace.

To walk through a layer may take minutes. A sweep never waits for it: it takes what was found last.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector.cgroup.faults import Faults
from collector.layers.layer import Layer, Outcome

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done, and how often."""

    entries_a_second: int = 5_000
    """About 5 % of a core while there is something to walk through."""
    entries_a_step: int = 100
    turn_seconds: float = 2.0
    """So long a walk goes on before another layer has its turn; later it goes on where it was."""
    at_once: int = 3
    """Walks that have begun and not ended: each keeps directories open."""
    measured_seconds: float = 120.0
    """A layer that was measured is left alone for so long."""
    absent_seconds: float = 15.0
    """One that was not found: its runtime may just be about to make it."""
    unreadable_seconds: float = 600.0
    idle_seconds: float = 1.0

    def pause_seconds(self, outcome: Outcome) -> float:
        """After how long a layer is due again."""
        pauses = {
            "walking": 0.0,
            "measured": self.measured_seconds,
            "absent": self.absent_seconds,
            "unreadable": self.unreadable_seconds,
        }
        return pauses[outcome]


class Surveyor:
    """Begins with the first layer that is added. `faults` are of layers that cannot be read."""

    def __init__(
        self,
        proc: Path,
        pace: Pace = Pace(),
        now_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.faults = Faults()
        self._proc = proc
        self._pace = pace
        self._now_ns = now_ns
        self._monotonic = monotonic
        self._layers: list[Layer] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self) -> Layer:
        """The layer of another container, measured until it is closed. For the sweep's thread."""
        layer = Layer(self._proc, self.faults, self._now_ns)
        self._layers.append(layer)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="layers", daemon=True)
            self._thread.start()
        return layer

    def close(self) -> None:
        """End the thread; one that hangs in a file system is left to end by itself."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            layer = self._next()
            if layer is None:
                self._stop.wait(self._pace.idle_seconds)
            else:
                self._turn(layer)
        for layer in self._layers:
            layer.end()

    def _next(self) -> Layer | None:
        """The layer that has been due for longest; lets those of gone containers go."""
        for layer in [layer for layer in self._layers if layer.closed]:
            layer.end()
            self._layers.remove(layer)
        now = self._monotonic()
        is_full = sum(layer.is_walking for layer in self._layers) >= self._pace.at_once
        ready = [one for one in self._layers if one.due <= now and (one.is_walking or not is_full)]
        return min(ready, key=lambda one: one.due, default=None)

    def _turn(self, layer: Layer) -> None:
        """Go on with the layer until it is measured or its turn is over."""
        pace = self._pace
        end = self._monotonic() + pace.turn_seconds
        rest = pace.entries_a_step / pace.entries_a_second
        outcome: Outcome = "unreadable"
        try:
            outcome = layer.go_on(pace.entries_a_step)
            while outcome == "walking" and not layer.closed and self._monotonic() < end:
                if self._stop.wait(rest):
                    return
                outcome = layer.go_on(pace.entries_a_step)
        except Exception:
            # The thread's outermost line: a layer that fails must not be the last one.
            log.exception("a container's layer was not measured; the others are all the same")
            layer.end()
        layer.due = self._monotonic() + pace.pause_seconds(outcome)
