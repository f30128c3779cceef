"""How much of /proc a sweep may read, so that a container of 10,000 processes holds nobody up."""

from __future__ import annotations

READS_OF_A_CONTAINER = 2_048
"""Of one container, for each group of figures."""
READS_OF_A_SWEEP = 16_384
"""Of all containers. A reading takes about 10 µs: a link of fd/, a thread's schedstat."""


class Allowance:
    """The readings that are left in this sweep."""

    def __init__(
        self, sweep: int = READS_OF_A_SWEEP, container: int = READS_OF_A_CONTAINER
    ) -> None:
        self._sweep = sweep
        self._container = container
        self._left = sweep

    def renew(self) -> None:
        """Begin another sweep."""
        self._left = self._sweep

    def share(self) -> int:
        """How many readings a container may make now for one group of figures."""
        return min(self._container, self._left)

    def spend(self, reads: int) -> None:
        """Say how many were made."""
        self._left = max(0, self._left - reads)
