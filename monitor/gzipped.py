"""Concatenated gzip members, decoded a little at a time and never past a cap."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

MAX_MEMBER_BYTES = 64 << 20
"""Decoded size that one member may have: far above a sweep, far below what would hurt."""

_GZIP = 16 + zlib.MAX_WBITS
_ENCODED_CHUNK = 16 * 1024
_DECODED_CHUNK = 64 * 1024


class Shape(NamedTuple):
    """What a body holds: `records` (gzip members), `lines`, and the bytes that they decode to."""

    records: int
    lines: int
    decoded_bytes: int


def members(body: bytes, cap: int = MAX_MEMBER_BYTES) -> Iterator[bytes]:
    """Each member's decoded bytes. Raises ValueError, saying why, at one that cannot be read."""
    for number, parts in enumerate(_members(body), 1):
        found: list[bytes] = []
        size = 0
        for part in parts:
            size += len(part)
            if size > cap:
                raise ValueError(f"gzip member {number} is larger than {cap:,} bytes")
            found.append(part)
        yield b"".join(found)


def packed_members(body: bytes) -> Iterator[bytes]:
    """Each member as it stands, still compressed. Raises ValueError like `members`."""
    reading = _Reading(body)
    while reading.position < len(body):
        start = reading.position
        for _ in reading.member():
            pass
        yield body[start : reading.position]


def look_through(body: bytes, max_decoded_bytes: int) -> Shape:
    """Count what is in a body of concatenated members; little of it is decoded at a time.

    Raises ValueError, saying why, for a body that is cut short, is no gzip, or decodes to more; and
    for a member that ends within a line, to which the first line of what follows would be joined.
    """
    records = lines = size = 0
    for parts in _members(body):
        last = b"\n"
        for part in parts:
            lines += part.count(b"\n")
            size += len(part)
            last = part[-1:] or last
            if size > max_decoded_bytes:
                raise ValueError(f"it decodes to more than {max_decoded_bytes:,} bytes")
        records += 1
        if last != b"\n":
            raise ValueError(f"gzip member {records} ends within a line")
    return Shape(records, lines, size)


def _members(body: bytes) -> Iterator[Iterator[bytes]]:
    """Each member as its decoded parts, which have to be taken to the end before the next."""
    reading = _Reading(body)
    while reading.position < len(body):
        yield reading.member()


class _Reading:
    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)
        self._number = 0
        self.position = 0

    def member(self) -> Iterator[bytes]:
        """Fed in chunks, because zlib copies all that it was given and did not need."""
        self._number += 1
        inflate = zlib.decompressobj(_GZIP)
        while not inflate.eof:
            data: bytes | memoryview = inflate.unconsumed_tail
            if not data:
                data = self._body[self.position : self.position + _ENCODED_CHUNK]
                self.position += len(data)
            if not data:
                raise ValueError(f"gzip member {self._number} is cut short")
            try:
                part = inflate.decompress(data, _DECODED_CHUNK)
            except zlib.error as error:
                raise ValueError(f"gzip member {self._number} is damaged: {error}") from None
            yield part
        self.position -= len(inflate.unused_data)
