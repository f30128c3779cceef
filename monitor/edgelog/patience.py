"""A disk that does not give a place now may give it in a minute; after that the place is damage."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

PATIENCE_NS = 60 * 10**9
_PLACES = 64


class Patience:
    """Remembers since when reading behind a sequence number fails. `steady` is in ns."""

    def __init__(self, steady: Callable[[], int]) -> None:
        self._steady = steady
        self._since: OrderedDict[int, int] = OrderedDict()

    def is_over(self, sequence: int) -> bool:
        """Reading behind `sequence` failed: whether that has gone on for long enough."""
        since = self._since.setdefault(sequence, self._steady())
        if len(self._since) > _PLACES:
            self._since.popitem(last=False)
        return self._steady() - since >= PATIENCE_NS

    def succeeded(self, sequence: int) -> None:
        """The records behind `sequence` were read."""
        self._since.pop(sequence, None)
