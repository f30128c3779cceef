"""InfluxDB's JSON as Samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.stores.protocols import Samples

TagPairs = tuple[tuple[str, str], ...]
Part = tuple[NDArray[np.int64], list[NDArray[Any]]]


class Collected:
    """Series as they come in, in parts; text columns are known only when all are here."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._parts: dict[TagPairs, list[Part]] = {}
        self._texts: set[int] = set()

    def add(self, series: Mapping[str, Any]) -> int:
        """Take one `series` object; how many samples it has."""
        tags = tuple(sorted((k, v) for k, v in series.get("tags", {}).items() if v))
        times, *columns = zip(*series["values"], strict=True)
        parsed = [self._column(place, column) for place, column in enumerate(columns)]
        self._parts.setdefault(tags, []).append((np.array(times, np.int64), parsed))
        return len(times)

    def _column(self, place: int, column: tuple[Any, ...]) -> NDArray[Any]:
        if isinstance(next((value for value in column if value is not None), None), str):
            self._texts.add(place)
            return np.array(column, object)
        return np.array(column, np.float64)

    def samples(self) -> Iterator[Samples]:
        """All of it, in order of the tags."""
        for tags in sorted(self._parts):
            parts = self._parts.pop(tags)
            columns = {
                name: self._whole([part[1][place] for part in parts], place in self._texts)
                for place, name in enumerate(self._fields)
            }
            yield Samples(dict(tags), np.concatenate([part[0] for part in parts]), columns)

    @staticmethod
    def _whole(parts: list[NDArray[Any]], is_text: bool) -> NDArray[Any]:
        if not is_text:
            return np.concatenate(parts)
        whole = [p if p.dtype == object else np.full(len(p), None, object) for p in parts]
        return np.concatenate(whole)
