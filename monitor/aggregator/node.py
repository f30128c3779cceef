"""What the aggregator remembers of a node: a few numbers, never a sample."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.aggregator.cadence import Cadence
from monitor.stream.pulled import Pulled

FEW_RECORDS = 3
"""A node with no more than these waiting is live: they came while the last pull went on."""


@dataclass(slots=True, eq=False)
class Node(Cadence):
    """One node. Only the worker that has taken it from the schedule changes what pulling teaches.

    `cursor` (as text, which is small; "" for none) stands behind the last records that the store
    said it has; it is a courtesy, the node keeps what was acknowledged. `candidate`, `candidate_at`
    (of the monotonic clock) and `store_start` are for a store that may forget: see `Later`.
    Nodes that are `careful` are pulled one at a time: the store refused something of the last body,
    or it was larger than it was asked to be. Times are Unix seconds; 0 is never.

    The roster's are `labels` (a JSON object) and `sources`, what named it, which many nodes share;
    and `gone`: nobody names it any longer, and it is not pulled again. `slow` says in which lane it
    waits, `due` is on the schedule's clock.
    """

    url: str
    cursor: str = ""
    candidate: str = ""
    candidate_at: float = 0.0
    store_start: int = 0
    careful: bool = False
    backlog: int = 0
    failures: int = 0
    error: str = ""
    error_since: float = 0.0
    answered_at: float = 0.0
    labels: str = "{}"
    sources: tuple[str, ...] = ()
    gone: bool = False
    slow: bool = False
    due: float = 0.0

    def __lt__(self, other: Node) -> bool:
        """Which is due first: nodes lie in heaps, without an entry beside each."""
        return self.due < other.due

    def failed(self, error: str, now: float) -> bool:
        """A pull failed; True if this is news: another error than the last one."""
        news = error != self.error
        if not self.failures:
            self.error_since = now
        self.failures += 1
        self.error = error
        return news

    def answered(self, now: float) -> float | None:
        """A pull succeeded; the seconds of trouble before it, None if there was none."""
        trouble = now - self.error_since if self.failures else None
        self.failures = 0
        self.error = ""
        self.answered_at = now
        return trouble

    def written(self, pulled: Pulled) -> None:
        """The store has these records (or the quarantine does): the next pull goes on from here."""
        self.cursor = str(pulled.cursor)
        self.backlog = pulled.backlog
        self.found(pulled.shape.records, pulled.newest_ns / 1e9, self.answered_at)

    def is_behind(self) -> bool:
        """Whether there is a backlog to drain."""
        return self.backlog > FEW_RECORDS

    def lag_seconds(self, now: float) -> float | None:
        """Age of the newest record that the store has; None before the first."""
        return now - self.newest_at if self.newest_at else None
