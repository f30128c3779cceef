"""How one record stands in a segment file.

    header   magic (4 bytes), payload bytes (u32), sequence (u64), time (i64),
             crc32 of the payload (u32), crc32 of the header's fields before (u32)
    payload  one gzip member of line protocol

All numbers are big-endian; the time is Unix nanoseconds. The header has a checksum of its own:
a header that can be trusted tells where the next one is, so a flipped bit in a payload costs that
record only. A broken header is searched past, to the next magic with a good header.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"\xf5WR\x01"
_FIELDS = struct.Struct(">4sIQqI")
_CRC = struct.Struct(">I")
HEADER_BYTES = _FIELDS.size + _CRC.size
_SEARCH_BYTES = 64 * 1024
PAGE_BYTES = 4096
"""What a disk gives or does not give as a whole."""


class Frame(NamedTuple):
    """A trusted header: where the record lies and what it is."""

    offset: int
    length: int
    sequence: int
    time_ns: int
    payload_crc: int

    @property
    def end(self) -> int:
        """Offset of the byte behind the payload."""
        return self.offset + HEADER_BYTES + self.length


class Damage(NamedTuple):
    """Bytes between two frames in which no header can be trusted."""

    offset: int
    length: int


def encode(sequence: int, time_ns: int, payload: bytes) -> bytes:
    """The whole frame of one record."""
    fields = _FIELDS.pack(MAGIC, len(payload), sequence, time_ns, zlib.crc32(payload))
    return fields + _CRC.pack(zlib.crc32(fields)) + payload


def header_at(fd: int, offset: int, strict: bool = False) -> Frame | None:
    """The header at `offset`, or None if there is none that can be trusted.

    Here and below: what the disk does not give (EIO) is damage, where `strict` it raises OSError.
    """
    return _parse(_pread(fd, HEADER_BYTES, offset, strict), offset)


def _parse(data: bytes, offset: int) -> Frame | None:
    if len(data) < HEADER_BYTES or not data.startswith(MAGIC):
        return None
    if zlib.crc32(data[: _FIELDS.size]) != _CRC.unpack_from(data, _FIELDS.size)[0]:
        return None
    _, length, sequence, time_ns, payload_crc = _FIELDS.unpack_from(data)
    return Frame(offset, length, sequence, time_ns, payload_crc)


def payload_of(fd: int, frame: Frame, strict: bool = False) -> bytes | None:
    """The record's payload, or None if it is short or its checksum is wrong."""
    payload = _pread(fd, frame.length, frame.offset + HEADER_BYTES, strict)
    if len(payload) != frame.length or zlib.crc32(payload) != frame.payload_crc:
        return None
    return payload


def walk(fd: int, start: int, end: int, strict: bool = False) -> Iterator[Frame | Damage]:
    """Every frame with a trusted header in [start, end), and the damage between them."""
    offset = start
    while offset < end:
        frame = header_at(fd, offset, strict)
        if frame is not None and frame.end <= end:
            yield frame
            offset = frame.end
        else:
            following = _next_frame(fd, offset + 1, end, strict)
            yield Damage(offset, following - offset)
            offset = following


def _next_frame(fd: int, start: int, end: int, strict: bool) -> int:
    """Offset of the next trusted header in [start, end), or `end`."""
    while start < end:
        chunk = _pread(fd, min(_SEARCH_BYTES, end - start), start, strict)
        if not chunk:
            if start >= os.fstat(fd).st_size:
                return end
            start += PAGE_BYTES - start % PAGE_BYTES  # the disk does not give this one
            continue
        found = chunk.find(MAGIC)
        while found >= 0:
            data = chunk[found : found + HEADER_BYTES]
            if len(data) < HEADER_BYTES:
                frame = header_at(fd, start + found, strict)
            else:
                frame = _parse(data, start + found)
            if frame is not None and frame.end <= end:
                return frame.offset
            found = chunk.find(MAGIC, found + 1)
        if start + len(chunk) >= end:
            return end
        start += max(1, len(chunk) - len(MAGIC) + 1)
    return end


def _pread(fd: int, length: int, offset: int, strict: bool) -> bytes:
    try:
        return os.pread(fd, length, offset)
    except OSError as error:
        if strict or error.errno != errno.EIO:
            raise
        return b""
