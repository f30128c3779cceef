"""How many samples one query may read."""

from __future__ import annotations

from monitor.errors import BadRequest


class Budget:
    """Counts samples against a limit (None: as many as there are)."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._spent = 0

    def check(self, samples: int) -> None:
        """Raise BadRequest if `samples` more would be too many."""
        if self._limit is not None and self._spent + samples > self._limit:
            raise BadRequest(
                f"the query would read more than {self._limit} samples",
                hint="ask for a shorter range (start, end) or for fewer series (match)",
            )

    def spend(self, samples: int) -> None:
        """Count `samples`; raise BadRequest if they are too many."""
        self.check(samples)
        self._spent += samples
