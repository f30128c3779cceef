"""Lines of one form, made for many rows at once: recorded text with the moving numbers cut out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.cluster.chance import Words, shares, words
from benchmarks.cluster.figures import Figure, moving
from monitor.lineprotocol import encode
from monitor.record import Record, Series

Numbers = NDArray[np.int64]

_CUT = re.compile(r"node=node-[^, ]*|namespace=[^, ]*|pod=[^, ]*")
_NAMES = {
    "node": ("node=node-%05d", ("node",)),
    "namespace": ("namespace=team-%02d", ("namespace",)),
    "pod": ("pod=web-%010x-%05x", ("set", "pod")),
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
        self._figures: list[Figure] = []
        self._sweeps = sweeps
        self._offsets = np.array([record.time_ns - tick_ns for record in records], np.int64)
        slots: list[tuple[str, int]] = []
        self.text = "".join(
            self._line(number, record, slots) for number, record in enumerate(records)
        )
        self.lines = len(records)
        self._slots = np.array([self._column(kind, index) for kind, index in slots])
        figures = self._figures
        self._size = np.array([figure.size for figure in figures])
        self._grows = np.array([figure.grows for figure in figures], bool)
        self._noise = np.where(self._grows, 1.0, _WOBBLE)
        self._scale = np.array([10**figure.decimals for figure in figures], np.int64)
        self._step = np.array([figure.step for figure in figures], np.int64)
        self._owner = np.array([figure.owner for figure in figures], np.intp)
        self._salt = words(np.arange(len(figures))) | np.uint64(1)

    def numbers(self, rows: Rows) -> list[int]:
        """What goes into `text`, repeated for each row, in order."""
        count = len(rows.who)
        values = self._values(rows)
        whole, fraction = np.divmod(values, self._scale)
        names = np.empty((count, 4), np.int64)
        names[:, 0] = rows.node
        names[:, 1], names[:, 2], names[:, 3] = rows.namespace, rows.replica_set, rows.pod
        seconds, hundredths = np.divmod(rows.starts_cs, 100)
        times = rows.times_ns[:, None] + self._offsets
        table = np.concatenate((names, seconds, hundredths, times, whole, fraction), axis=1)
        numbers: list[int] = table[:, self._slots].ravel().tolist()
        return numbers

    def _values(self, rows: Rows) -> Numbers:
        """The figures of each row: monotone in an owner's age where they are counters."""
        factor = 0.5 + shares(rows.who[:, None] * self._salt)
        chance = np.where(self._grows, rows.now[:, None], rows.since[:, None]) * self._salt
        ages = np.where(self._grows, rows.ages[:, self._owner], 1.0)
        values = (self._size * factor * (ages + self._noise * shares(chance))).astype(np.int64)
        return values - values % self._step

    def _line(self, number: int, record: Record, slots: list[tuple[str, int]]) -> str:
        """The line with its moving numbers cut out; `slots` learns what belongs there."""
        series, fields, _ = record
        tags = dict(series.tags)
        owner = self._owners.index(tags.get("container", ""))

        def name(match: re.Match[str]) -> str:
            text, kinds = _NAMES[match[0].partition("=")[0]]
            slots.extend((kind, 0) for kind in kinds)
            return text

        text = _CUT.sub(name, series.key.replace("%", "%%"))
        shown = []
        for field, value in fields.items():
            if field == "start_time_seconds":
                slots += [("seconds", owner), ("hundredths", owner)]
                shown.append(f"{field}=%d.%02d")
                continue
            figure = moving(series.measurement, field, value, owner, self._sweeps)
            if figure is None:
                shown.append(_constant(field, record))
                continue
            place = len(self._figures)
            self._figures.append(figure)
            slots.append(("whole", place))
            if figure.decimals:
                slots.append(("fraction", place))
            shown.append(f"{field}=%d.%0{figure.decimals}d" if figure.decimals else f"{field}=%di")
        slots.append(("time", number))
        return f"{text} {','.join(shown)} %d\n"

    def _column(self, kind: str, index: int) -> int:
        """Where in the table of `numbers` a slot's number stands."""
        owners, lines, figures = len(self._owners), len(self._offsets), len(self._figures)
        widths = {"node": 1, "namespace": 1, "set": 1, "pod": 1, "seconds": owners}
        widths |= {"hundredths": owners, "time": lines, "whole": figures, "fraction": figures}
        before = 0
        for name, width in widths.items():
            if name == kind:
                return before + index
            before += width
        raise KeyError(kind)


def _constant(field: str, record: Record) -> str:
    """`field=value` as a collector writes it."""
    line = encode([Record(Series("x"), {field: record.fields[field]}, 0)]).decode()
    return line.removeprefix("x ").removesuffix(" 0\n").replace("%", "%%")
