"""Looking through a compressed body: is it whole, is it not a bomb, how many lines has it."""

from __future__ import annotations

import zlib
from typing import NamedTuple

_ENCODED_CHUNK = 16 * 1024
_DECODED_CHUNK = 64 * 1024


class Shape(NamedTuple):
    """What a body holds: `records` (gzip members) and `lines`."""

    records: int
    lines: int


def look_through(body: bytes, max_decoded_bytes: int) -> Shape:
    """Count what is in a body of concatenated gzip members; little is decoded at a time.

    Raises ValueError, saying why, for a body that is cut short, is no gzip, or decodes to more.
    """
    records = lines = decoded = position = 0
    view = memoryview(body)
    while position < len(body):
        inflate = zlib.decompressobj(wbits=31)
        while not inflate.eof:
            data: bytes | memoryview = inflate.unconsumed_tail
            if not data:
                data = view[position : position + _ENCODED_CHUNK]
                position += len(data)
            if not data:
                raise ValueError("it is cut short")
            try:
                part = inflate.decompress(data, _DECODED_CHUNK)
            except zlib.error as error:
                raise ValueError(f"it is damaged: {error}") from None
            lines += part.count(b"\n")
            decoded += len(part)
            if decoded > max_decoded_bytes:
                raise ValueError(f"it decodes to more than {max_decoded_bytes:,} bytes")
        position -= len(inflate.unused_data)
        records += 1
    return Shape(records, lines)
