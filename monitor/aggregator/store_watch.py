"""Looks at a store that may forget: whether it was started anew, and what it dropped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from monitor.errors import StoreError
from monitor.stores.protocols import Condition, Forgetful

log = logging.getLogger(__name__)

_AGAIN_SECONDS = 2.0
NEVER = float("-inf")


class Seen(NamedTuple):
    """The store was in its start number `start` at the moment `at` (of the monotonic clock).

    Starts are counted as we see them: 0 is before the first look.
    """

    start: int
    at: float


class StoreWatch:
    """Looks at `store` from start() until stop(); any thread may read `seen`."""

    def __init__(
        self,
        store: Forgetful,
        on_dropped: Callable[[Mapping[str, int]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_dropped` is told how many more rows, by reason, the store did not keep."""
        self.seen = Seen(0, NEVER)
        self._store = store
        self._on_dropped = on_dropped
        self._clock = clock
        self._last: Condition | None = None
        self._error = ""
        self._drops_said = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-watch", daemon=True)

    def start(self) -> None:
        """Begin with a look at once; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End it; a look that is under way is waited for, though not for long."""
        self._stopping.set()
        self._thread.join(1.0)

    def look(self) -> bool:
        """Look once; False if the store could not be seen."""
        at = self._clock()  # before it is asked: nothing is known of the time after its answer
        try:
            now = self._store.look()
        except StoreError as error:
            self._unseen(str(error))
            return False
        self._error = ""
        last, self._last = self._last, now
        anew = last is None or last.started != now.started
        self.seen = Seen(self.seen.start + anew, at)
        if last is not None:
            if anew:
                log.warning("the store was started anew: its last minutes are written again")
            self._count({} if anew else last.dropped, now.dropped)
        return True

    def _count(self, before: Mapping[str, int], now: Mapping[str, int]) -> None:
        more = {reason: count - before.get(reason, 0) for reason, count in now.items()}
        more = {reason: count for reason, count in more.items() if count > 0}
        if not more:
            return
        self._on_dropped(more)
        if not self._drops_said:
            self._drops_said = True
            log.warning(
                "the store acknowledged rows and dropped them (%s); its own log says which. From"
                " now on weir_aggregator_store_dropped_rows_total counts them",
                ", ".join(f"{reason}: {count}" for reason, count in sorted(more.items())),
            )

    def _unseen(self, error: str) -> None:
        if error != self._error:
            self._error = error
            log.warning("the store cannot be looked at, nothing is acknowledged so long: %s", error)

    def _run(self) -> None:
        pause = self._store.look_seconds
        while True:
            wait = pause
            try:
                if not self.look():
                    wait = min(pause, _AGAIN_SECONDS)
            except Exception:  # a fault of ours must not end it: nothing would be acknowledged
                log.exception("looking at the store: a fault in Weir; please report it")
            if self._stopping.wait(wait):
                return
