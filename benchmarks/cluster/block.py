"""Lines of one form, made for many rows at once: recorded text with the moving numbers cut out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.cluster.chance import Words, shares, words
from benchmarks.cluster.figures import Figure, moving
from benchmarks.cluster.text import Cut, Field, Line, Slot, exposition, line_protocol
from monitor.record import Record

Numbers = NDArray[np.int64]

_NAMED = re.compile(r"(?:(?<=,node=)|(?<=,namespace=)|(?<=,pod=))[^, ]*")
_NAMES = {
    "node": ("node-%05d", ("node",)),
    "namespace": ("team-%02d", ("namespace",)),
    "pod": ("web-%010x-%05x", ("set", "pod")),
}
"""The tags that say who it is, and the numbers that stand in them."""
_WOBBLE = 0.125


@dataclass(frozen=True, slots=True)
class Rows:
    """Who the rows of a block are: an array for each, with an element or a line for each row.

    `namespace`, `replica_set` and `pod` are numbers in names. `ages` are sweeps since each owner
    started, `starts_cs` is when that was, in hundredths of a Unix second, `times_ns` when the row
    was read. `who` is chance that lasts as long as the row's owner, `now` is new with each sweep,
    `since` every few sweeps.
    """

    node: int
    namespace: Numbers
    replica_set: Numbers
    pod: Numbers
    ages: Numbers
    starts_cs: Numbers
    times_ns: Numbers
    who: Words
    now: Words
    since: Words


class Block:
    """Recorded lines that belong together, such as all of one pod."""

    def __init__(
        self, records: Sequence[Record], owners: Sequence[str], tick_ns: int, sweeps: float
    ) -> None:
        """`records` of the sweep at `tick_ns`, when their counters were `sweeps` old.

        `owners` are the values of the tag `container` that they have ("" where they have none).
        """
        self._owners = list(owners)
        self._sweeps = sweeps
        self._figures: list[Figure] = []
        self._offsets = np.array([record.time_ns - tick_ns for record in records], np.int64)
        lines = [self._line(number, record) for number, record in enumerate(records)]
        figures = self._figures
        self._size = np.array([figure.size for figure in figures])
        self._grows = np.array([figure.grows for figure in figures], bool)
        self._noise = np.where(self._grows, 1.0, _WOBBLE)
        self._scale = np.array([10**figure.decimals for figure in figures], np.int64)
        self._step = np.array([figure.step for figure in figures], np.int64)
        self._owner = np.array([figure.owner for figure in figures], np.intp)
        self._salt = words(np.arange(len(figures))) | np.uint64(1)
        self.lines = self._placed(line_protocol(lines))
        self.page = self._placed(exposition(lines))

    def table(self, rows: Rows) -> Numbers:
        """All numbers of each row, in the order of `_columns`."""
        names = np.empty((len(rows.who), 4), np.int64)
        names[:, 0] = rows.node
        names[:, 1], names[:, 2], names[:, 3] = rows.namespace, rows.replica_set, rows.pod
        starts = np.divmod(rows.starts_cs, 100)
        times = rows.times_ns[:, None] + self._offsets
        figures = np.divmod(self._values(rows), self._scale)
        return np.concatenate((names, *starts, times, times // 1_000_000, *figures), axis=1)

    def _columns(self) -> Iterator[Slot]:
        """What each column of the table is."""
        yield from (("node", 0), ("namespace", 0), ("set", 0), ("pod", 0))
        owners, lines, figures = len(self._owners), len(self._offsets), len(self._figures)
        for kind, count in (
            *(("seconds", owners), ("hundredths", owners)),
            *(("time_ns", lines), ("time_ms", lines)),
            *(("whole", figures), ("fraction", figures)),
        ):
            yield from ((kind, number) for number in range(count))

    def _placed(self, cut: Cut) -> tuple[str, Numbers]:
        """A text, and for each number in it the column of the table."""
        columns = {slot: column for column, slot in enumerate(self._columns())}
        return cut.text, np.array([columns[slot] for slot in cut.slots])

    def _values(self, rows: Rows) -> Numbers:
        """The figures of each row: monotone in an owner's age where they are counters."""
        factor = 0.5 + shares(rows.who[:, None] * self._salt)
        chance = np.where(self._grows, rows.now[:, None], rows.since[:, None]) * self._salt
        ages = np.where(self._grows, rows.ages[:, self._owner], 1.0)
        values = (self._size * factor * (ages + self._noise * shares(chance))).astype(np.int64)
        return values - values % self._step

    def _line(self, number: int, record: Record) -> Line:
        tags = dict(record.series.tags)
        slots: list[Slot] = []
        for tag in tags:  # in the order in which they stand in the key
            slots += [(kind, 0) for kind in _NAMES.get(tag, ("", ()))[1]]
        names = iter([_NAMES[tag][0] for tag in tags if tag in _NAMES])
        key = _NAMED.sub(lambda _: next(names), record.series.key.replace("%", "%%"))
        owner = self._owners.index(tags.get("container", ""))
        return Line(
            Cut(key, tuple(slots)),
            [self._field(record, field, owner) for field in record.fields],
            number,
        )

    def _field(self, record: Record, field: str, owner: int) -> Field:
        value = record.fields[field]
        if field == "start_time_seconds":
            return Field(field, "", Cut("%d.%02d", (("seconds", owner), ("hundredths", owner))))
        suffix = "i" if isinstance(value, int) else ""
        figure = moving(record.series.measurement, field, value, owner, self._sweeps)
        if figure is None:
            return Field(field, suffix, Cut(repr(value), ()))
        self._figures.append(figure)
        whole, fraction = (("whole", n := len(self._figures) - 1), ("fraction", n))
        if not figure.decimals:
            return Field(field, suffix, Cut("%d", (whole,)))
        return Field(field, suffix, Cut(f"%d.%0{figure.decimals}d", (whole, fraction)))
