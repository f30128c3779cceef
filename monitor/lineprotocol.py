"""InfluxDB line protocol: records to text and back.

Syntax: https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/ . What the
syntax cannot carry never reaches it: see `monitor.escaping`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from monitor import escaping
from monitor.errors import LineProtocolError
from monitor.record import Record, Series, Value

_UNESCAPED_SPACE = re.compile(r"(?<!\\) ")
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_UNESCAPED_EQUALS = re.compile(r"(?<!\\)=")
_ESCAPED = re.compile(r"\\([,= ])")
_FIELD = re.compile(r'((?:[^=,\\"]|\\.)+)=("(?:[^"\\]|\\.)*"|[^,"]+)(?:,|$)')
_TEXT_ESCAPE = re.compile(r'\\(["\\])')
_BOOLEANS = {"t": True, "T": True, "true": True, "True": True, "TRUE": True}
_BOOLEANS |= {"f": False, "F": False, "false": False, "False": False, "FALSE": False}


def encode(records: Iterable[Record]) -> bytes:
    """Whole lines, each ended by a newline. A record without a finite field yields no line."""
    lines = []
    for series, fields, time_ns in records:
        shown = []
        for key, value in fields.items():
            kind = type(value)
            if kind is int:
                shown.append(f"{_key(key)}={value}i")
            elif kind is float:
                if math.isfinite(value):  # type: ignore[arg-type]
                    shown.append(f"{_key(key)}={value!r}")
            elif kind is bool:
                shown.append(f"{_key(key)}={'true' if value else 'false'}")
            else:
                shown.append(f'{_key(key)}="{escaping.text(escaping.safe_text(str(value)))}"')
        if shown:
            lines.append(f"{series.key} {','.join(shown)} {time_ns}\n")
    return "".join(lines).encode()


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    return name if name.isidentifier() else escaping.tag(escaping.safe_name(name))


class Parser:
    """Parses lines; keeps the series it has seen, since most lines repeat one.

    Of a series that is not `wanted` (None: all are) the fields are not looked at, which saves most
    of a line's cost, and no record comes.
    """

    def __init__(
        self, remember: int = 100_000, wanted: Callable[[Series], bool] | None = None
    ) -> None:
        self._series: dict[str, Series | None] = {}
        self._remember = remember
        self._wanted = wanted

    def parse(self, data: bytes) -> Iterator[Record]:
        """Each line's record. Blank lines and `#` comments are skipped.

        Raises LineProtocolError with the line's number at the first line that is none.
        """
        for result in self.parse_each(data):
            if isinstance(result, LineProtocolError):
                raise result
            yield result

    def parse_each(self, data: bytes, first: int = 1) -> Iterator[Record | LineProtocolError]:
        """Like `parse`, but a line that is none yields its error, and the next ones follow.

        `first` is the number of the first line.
        """
        for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), first):
            if line and not line.startswith("#"):
                try:
                    record = self._line(line)
                except ValueError as error:
                    yield LineProtocolError(f"{error}: {line[:80]!r}", number)
                else:
                    if record is not None:
                        yield record

    def _line(self, line: str) -> Record | None:
        simple = "\\" not in line
        key, rest = _split_key(line, simple)
        try:
            series = self._series[key]
        except KeyError:
            series = self._see(key)
        if series is None:
            return None
        body, _, stamp = rest.rpartition(" ")
        if not body:
            raise ValueError("no timestamp")
        if simple and '"' not in body:
            fields = {k: _number(v) for k, _, v in (f.partition("=") for f in body.split(","))}
        else:
            fields = _fields(body)
        return Record(series, fields, int(stamp))

    def _see(self, key: str) -> Series | None:
        if len(self._series) >= self._remember:
            self._series.clear()
        series = _series(key)
        self._series[key] = series if self._wanted is None or self._wanted(series) else None
        return self._series[key]


def _split_key(line: str, simple: bool) -> tuple[str, str]:
    if simple:
        key, _, rest = line.partition(" ")
    else:
        match = _UNESCAPED_SPACE.search(line)
        key, rest = (line[: match.start()], line[match.end() :]) if match else (line, "")
    if not key or not rest:
        raise ValueError("no fields")
    return key, rest


def _series(key: str) -> Series:
    measurement, *pairs = _UNESCAPED_COMMA.split(key)
    tags = []
    for pair in pairs:
        name, *value = _UNESCAPED_EQUALS.split(pair)
        if len(value) != 1 or not name or not value[0]:
            raise ValueError("a tag without a value")
        tags.append((_ESCAPED.sub(r"\1", name), _ESCAPED.sub(r"\1", value[0])))
    return Series(_ESCAPED.sub(r"\1", measurement), tuple(tags))


def _number(text: str) -> Value:
    if text[-1:] == "i":
        return int(text[:-1])
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number that is not finite")
    return value


def _fields(body: str) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    end = 0
    for match in _FIELD.finditer(body):
        if match.start() != end:
            break
        end = match.end()
        name, shown = match.groups()
        is_text = shown.startswith('"')
        value = _TEXT_ESCAPE.sub(r"\1", shown[1:-1]) if is_text else _number(shown)
        fields[_ESCAPED.sub(r"\1", name)] = value
    if not fields or end != len(body):
        raise ValueError("a field that is not key=value")
    return fields
