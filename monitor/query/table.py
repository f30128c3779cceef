"""The rows of an answer while they are found: slice by slice of time, summed over tags or not."""

from __future__ import annotations

import numpy as np

from monitor.errors import BadRequest
from monitor.query.windows import Floats

MAX_VALUES = 2_000_000

Labels = dict[str, str]
Key = tuple[tuple[str, str], ...]


class Table:
    """One row of `count` buckets for each group of series; NaN where nothing is known.

    Series of equal values of the tags `by` are one group; with `by` None each is its own.
    """

    def __init__(self, by: tuple[str, ...] | None, count: int) -> None:
        self._by = by
        self._count = count
        self._rows: dict[Key, Floats] = {}

    def add(self, tags: list[Labels], values: Floats, first: int) -> None:
        """Add series: `values` has a row for each of `tags`, from bucket `first` on.

        Raises BadRequest when the answer becomes too large.
        """
        members: dict[Key, list[int]] = {}
        for i in np.flatnonzero(~np.isnan(values).all(axis=1)).tolist():
            members.setdefault(self._key(tags[i]), []).append(i)
        for key, series in members.items():
            row = self._rows.get(key)
            fresh = row is None
            if row is None:
                self._check_size()
                row = self._rows[key] = np.full(self._count, np.nan)
            part = row[first : first + values.shape[1]]
            if len(series) == 1 and (fresh or np.isnan(part).all()):
                part[:] = values[series[0]]
            else:
                part[:] = _sum(np.vstack([part, values[series]]))

    def top(self, count: int | None) -> tuple[list[Labels], Floats]:
        """All rows in order of their labels, or the `count` with the highest mean, that first."""
        keys = sorted(self._rows)
        if not keys:
            return [], np.empty((0, self._count))
        values = np.stack([self._rows[key] for key in keys])
        if count is not None:
            order = np.argsort(-np.nanmean(values, axis=1), kind="stable")[:count]
            keys, values = [keys[i] for i in order.tolist()], values[order]
        return [dict(key) for key in keys], values

    def _key(self, tags: Labels) -> Key:
        if self._by is None:
            return tuple(sorted(tags.items()))
        return tuple((tag, tags[tag]) for tag in self._by if tags.get(tag))

    def _check_size(self) -> None:
        if (len(self._rows) + 1) * self._count > MAX_VALUES:
            raise BadRequest(
                f"more than {MAX_VALUES} values in the answer",
                "by",
                "sum with by=, select with match=, or ask for a longer step",
            )


def _sum(values: Floats) -> Floats:
    """The sum over series; NaN only where all of them are."""
    known = ~np.isnan(values)
    total: Floats = np.where(known, values, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total, np.nan)
