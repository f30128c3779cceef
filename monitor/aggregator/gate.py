"""The store, and the pause of everything while it cannot be written."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from monitor.aggregator.backoff import as_told, pause
from monitor.errors import StoreError, StoreRejected, StoreUnavailable
from monitor.stores.protocols import Writer

log = logging.getLogger(__name__)

_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 15.0
_LONGEST_TOLD_SECONDS = 300.0


class Gate:
    """Writes bodies; after a failure it is shut for a while, and nothing is pulled meanwhile.

    When the pause is over, one body goes first: the others wait for its outcome, so a store that
    is coming back is not met by everyone at once.
    """

    def __init__(self, writer: Writer, on_error: Callable[[StoreError], None]) -> None:
        self._writer = writer
        self._on_error = on_error
        self._changed = threading.Condition()
        self._first_through = threading.Lock()
        self._failures = 0
        self._opens_at = 0.0
        self._stopped = False
        self.error = ""
        self.down_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the last body went through (or none was tried yet)."""
        return not self._failures

    def wait(self) -> bool:
        """Wait until bodies may be written; False once stopped."""
        with self._changed:
            while not self._stopped:
                left = self._opens_at - time.monotonic()
                if left <= 0:
                    return True
                self._changed.wait(left)
            return False

    def write(self, body: bytes) -> None:
        """Write `body`. Raises StoreRejected if the store will never take it.

        Any other StoreError shuts the gate: the body has to be pulled and written again.
        """
        if self.is_open:
            self._attempt(body)
            return
        with self._first_through:
            if time.monotonic() < self._opens_at:
                raise StoreUnavailable(self.error)
            self._attempt(body)

    def stop(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _attempt(self, body: bytes) -> None:
        try:
            self._writer.write(body)
        except StoreRejected:
            self._opened()
            raise
        except StoreError as error:
            self._on_error(error)
            self._shut(error)
            raise
        self._opened()

    def _shut(self, error: StoreError) -> None:
        with self._changed:
            now = time.monotonic()
            if now < self._opens_at:
                return  # several were writing when it went away: that is one failure
            told = error.retry_after if isinstance(error, StoreUnavailable) else None
            news = str(error) != self.error
            self._failures += 1
            if self._failures == 1:
                self.down_since = time.time()
            self.error = str(error)
            wait = pause(self._failures, _FIRST_SECONDS, _LONGEST_SECONDS)
            if told is not None:
                wait = max(wait, as_told(told, _LONGEST_TOLD_SECONDS))
            self._opens_at = now + wait
        if news:
            log.warning("the store takes nothing, samples wait on their nodes: %s", self.error)

    def _opened(self) -> None:
        if self.is_open:
            return
        with self._changed:
            if not self._failures:
                return
            self._failures = 0
            self._opens_at = 0.0
            self.error = ""
            seconds = time.time() - self.down_since
            self._changed.notify_all()
        log.info("the store takes samples again, after %.0f s", seconds)
