"""What every store can do: the two protocols that the conformance tests hold each of them to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Matcher:
    """`label OP "value"`; a regular expression is anchored at both ends, an absent label is ""."""

    label: str
    op: Literal["=", "!=", "=~", "!~"]
    value: str


@dataclass(frozen=True, slots=True)
class Samples:
    """One series' samples in order of time, each time once (the last written wins).

    `times` are int64 Unix nanoseconds. `columns` has an entry for each requested field, as long as
    `times`: float64 with NaN where the sample lacks the field; object with None for text.
    """

    tags: dict[str, str]
    times: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]


class Writer(Protocol):
    """Takes line protocol. Writing the same points again changes nothing."""

    def write(self, body: bytes) -> None:
        """Write `body`: concatenated gzip members, each of whole lines of line protocol.

        Returns once the store has said that all of it is kept; raises a StoreError otherwise.
        """

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Condition:
    """What a store says of itself.

    `started` is another text once any of its processes was started anew. `dropped` counts, by
    reason, the rows that it did not keep although it had acknowledged them, since it started.
    """

    started: str
    dropped: Mapping[str, int]


@runtime_checkable
class Forgetful(Protocol):
    """A Writer, too, of a store that acknowledges what it still may lose.

    When such a store is killed it forgets the newest: what was written `settle_seconds` ago is on
    its disk. It has to be looked at every `look_seconds`.
    """

    settle_seconds: float
    look_seconds: float

    def look(self) -> Condition:
        """How it is now. Raises StoreError."""


class Reader(Protocol):
    """Gives raw samples."""

    def select(
        self,
        measurement: str,
        fields: Sequence[str],
        matchers: Sequence[Matcher],
        start_ns: int,
        end_ns: int,
        limit: int | None = None,
    ) -> Iterator[Samples]:
        """Samples with start_ns <= time <= end_ns that carry at least one of `fields`.

        One Samples for each series that has any, in an order of the store's own. They may be read
        only while they are iterated over; who stops early closes the iterator. Raises BadRequest
        when more than `limit` samples would have to be read, StoreError when the store does not
        answer, both also in the midst.
        """

    def close(self) -> None: ...
