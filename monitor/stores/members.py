"""A body's gzip members, one after the other, none allowed to grow past a cap."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

MAX_MEMBER_BYTES = 64 << 20
"""Decoded size that one member may have: far above a sweep, far below what would hurt."""

_GZIP = 16 + zlib.MAX_WBITS
_CHUNK_BYTES = 64 << 10


def members(body: bytes, cap: int = MAX_MEMBER_BYTES) -> Iterator[bytes]:
    """Each member's decoded bytes. Raises ValueError, saying why, at one that cannot be read."""
    position, number = 0, 0
    while position < len(body):
        number += 1
        try:
            data, position = _member(memoryview(body), position, cap)
        except (zlib.error, ValueError) as error:
            raise ValueError(f"gzip member {number} cannot be read: {error}") from None
        yield data


def _member(body: memoryview, position: int, cap: int) -> tuple[bytes, int]:
    """The member that starts at `position`, and where it ends.

    Fed in chunks, because zlib copies all that it was given and did not need.
    """
    inflate = zlib.decompressobj(_GZIP)
    parts: list[bytes] = []
    size = 0
    while not inflate.eof:
        chunk = body[position : position + _CHUNK_BYTES]
        if not chunk:
            raise ValueError("it is cut short")
        part = inflate.decompress(chunk, cap - size + 1)
        size += len(part)
        if size > cap:
            raise ValueError(f"it is larger than {cap} bytes")
        parts.append(part)
        position += len(chunk) - len(inflate.unused_data)
    return b"".join(parts), position
