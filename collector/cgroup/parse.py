"""Parsers of what kernel files say: bytes in, fields with catalogue names out, nothing read here.

A parser raises Malformed where the kernel would not have written that; it carries what could be
read all the same, since one broken line hides no other metric. What means "unlimited" gives no
field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from monitor.record import Value

Fields = dict[str, Value]
Name = str | tuple[str, ...]
"""Of a part: the value of the tag that its kind has, or the values where there are several."""
ByPart = dict[Name, Fields]
"""Figures of a container's parts, which have rows of their own: those of one kind, by name."""
Parser = Callable[[bytes], Fields]


class Malformed(ValueError):
    """Content that the kernel does not write: `line` counts from 1; `rest` is what was readable."""

    def __init__(self, line: int, text: bytes, rest: Any = None) -> None:
        super().__init__(f"line {line}: {text[:60].decode('utf-8', 'replace')!r}")
        self.line = line
        self.rest = rest


def number(data: bytes) -> int:
    """A file that holds one number."""
    text = data.strip()
    if not text.isdigit():
        raise Malformed(1, text)
    return int(text)


def count(field: str) -> Parser:
    """A file with one count or number of bytes."""
    return lambda data: {field: number(data)}


def seconds(field: str, units_per_second: float) -> Parser:
    """A file with one time."""
    return lambda data: {field: number(data) / units_per_second}


def limit(field: str, unlimited: bytes = b"max", too_much: int | None = None) -> Parser:
    """A file with one limit: no field if it is the word `unlimited`, or `too_much` and more."""

    def parse(data: bytes) -> Fields:
        if data.strip() == unlimited:
            return {}
        value = number(data)
        return {} if too_much is not None and value >= too_much else {field: value}

    return parse


def part(name: str, parse: Parser) -> Callable[[bytes], ByPart]:
    """A file about the part `name` of a container."""

    def parse_part(data: bytes) -> ByPart:
        try:
            return {name: parse(data)}
        except Malformed as error:
            error.rest = {name: error.rest} if error.rest else {}
            raise

    return parse_part


class _Layout(NamedTuple):
    tokens: int
    keys: Callable[[list[bytes]], tuple[bytes, ...]]
    expected: tuple[bytes, ...]
    values: Callable[[list[bytes]], tuple[bytes, ...]]
    names: tuple[str, ...]
    scaled: tuple[tuple[str, float], ...]


class Keyed:
    """A file of `key value` lines. `wanted` says a field's key and, for times, units per second.

    The kernel writes the keys in the same order each time, so their places are learned from one
    file, checked at each, and learned anew when they are not where they were: a quarter of the cost
    of looking at each of seventy lines. One key may give several fields.
    """

    def __init__(self, wanted: Mapping[str, tuple[str, float | None]]) -> None:
        self._wanted: dict[bytes, list[tuple[str, float | None]]] = {}
        for field, (key, units) in wanted.items():
            self._wanted.setdefault(key.encode(), []).append((field, units))
        self._layout: _Layout | None = None

    def __call__(self, data: bytes) -> Fields:
        tokens = data.split()
        layout = self._layout
        if layout is None or len(tokens) != layout.tokens or layout.keys(tokens) != layout.expected:
            return self._by_line(data)
        try:
            fields: Fields = dict(zip(layout.names, map(int, layout.values(tokens)), strict=True))
        except ValueError:
            return self._by_line(data)
        for name, units in layout.scaled:
            fields[name] /= units  # type: ignore[operator]
        return fields

    def _by_line(self, data: bytes) -> Fields:
        fields: Fields = {}
        places: dict[bytes, int] = {}
        broken: tuple[int, bytes] | None = None
        place = 0
        for line_number, line in enumerate(data.splitlines(), 1):
            parts = line.split()
            if parts and parts[0] in self._wanted:
                if len(parts) == 2 and parts[1].isdigit():
                    value = int(parts[1])
                    for name, units in self._wanted[parts[0]]:
                        fields[name] = value / units if units else value
                    places[parts[0]] = place
                else:
                    broken = broken or (line_number, line)
            place += len(parts)
        if broken or not fields:
            raise Malformed(*(broken or (1, data)), rest=fields)
        self._layout = self._learn(places, place)
        return fields

    def _learn(self, places: dict[bytes, int], tokens: int) -> _Layout | None:
        if len(places) < 2:
            return None  # itemgetter of one place gives no tuple; and there is nothing to save
        wanted = [(place + 1, *to) for key, place in places.items() for to in self._wanted[key]]
        return _Layout(
            tokens,
            itemgetter(*places.values()),
            tuple(places),
            itemgetter(*(place for place, _, _ in wanted)),
            tuple(name for _, name, _ in wanted),
            tuple((name, units) for _, name, units in wanted if units),
        )


def pressure(resource: str) -> Parser:
    """`cpu.pressure` and its like: the totals, in µs, of the lines `some` and `full`."""
    names = {
        b"some": f"pressure_{resource}_waiting_seconds_total",
        b"full": f"pressure_{resource}_stalled_seconds_total",
    }

    def parse(data: bytes) -> Fields:
        fields: Fields = {}
        for line_number, line in enumerate(data.splitlines(), 1):
            before, _, total = line.rpartition(b" total=")
            name = names.get(before[:4])
            if name is None or not total.isdigit():
                raise Malformed(line_number, line, rest=fields)
            fields[name] = int(total) / 1e6
        return fields

    return parse


def processes(data: bytes) -> tuple[int, ...]:
    """`cgroup.procs`: a process id a line, 0 for a process that our pid namespace cannot see."""
    try:
        return tuple(map(int, data.split()))
    except ValueError:
        lines = enumerate(data.splitlines(), 1)
        broken = next((at, line) for at, line in lines if not line.strip().isdigit())
        raise Malformed(*broken) from None
