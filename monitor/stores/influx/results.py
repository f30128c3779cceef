"""InfluxDB's JSON as Samples, one series after the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import StoreUnavailable
from monitor.stores.limits import Budget
from monitor.stores.protocols import Samples

TagPairs = tuple[tuple[str, str], ...]


def samples(
    parts: Iterable[Mapping[str, Any]], fields: Sequence[str], budget: Budget
) -> Iterator[Samples]:
    """Series as they come, in one or more `series` objects each, which follow one another.

    One series is held at a time. Raises StoreUnavailable for a series that comes again later: half
    of it would look like the whole.
    """
    ended = set[int]()
    for tags, pieces in itertools.groupby(parts, _tags):
        if hash(tags) in ended:
            raise StoreUnavailable(f"the series {dict(tags)} comes in pieces: please report it")
        ended.add(hash(tags))
        times, *columns = _joined(pieces, budget)
        named = zip(fields, columns, strict=True)
        yield Samples(
            dict(tags), np.concatenate(times), {name: _whole(parts) for name, parts in named}
        )


def _tags(part: Mapping[str, Any]) -> TagPairs:
    return tuple(sorted((name, value) for name, value in part.get("tags", {}).items() if value))


def _joined(pieces: Iterable[Mapping[str, Any]], budget: Budget) -> Iterator[list[NDArray[Any]]]:
    """The columns of one series, `time` first, each as the arrays of its pieces."""
    found = []
    for piece in pieces:
        budget.spend(len(piece["values"]))
        times, *columns = zip(*piece["values"], strict=True)
        found.append([np.array(times, np.int64), *map(_column, columns)])
    return map(list, zip(*found, strict=True))


def _column(values: Sequence[Any]) -> NDArray[Any]:
    is_text = isinstance(next((value for value in values if value is not None), None), str)
    return np.array(values, object if is_text else np.float64)


def _whole(pieces: list[NDArray[Any]]) -> NDArray[Any]:
    """A column is text if any piece of it is; the others lack it."""
    if any(piece.dtype == object for piece in pieces):
        pieces = [p if p.dtype == object else np.full(len(p), None, object) for p in pieces]
    return np.concatenate(pieces)
