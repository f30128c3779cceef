"""Arrays of eight-byte numbers as blobs, compressed where that pays.

A blob as long as the array's bytes is the array itself, little-endian. A shorter one is raw deflate
of those bytes turned (all first bytes, all second bytes, …): numbers that resemble one another
share their high bytes, and turned these stand together.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORTH_IT = 0.75
"""Compressed only below this part of the size: reading a small raw blob is ten times faster."""


def pack(array: NDArray[Any]) -> bytes:
    """The blob of a one-dimensional array of float64 or int64."""
    raw = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    turned = np.frombuffer(raw, np.uint8).reshape(-1, 8).T.tobytes()
    deflate = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(turned) + deflate.flush()
    return packed if len(packed) < len(raw) * _WORTH_IT else raw


def unpack(blobs: list[bytes], count: int, kind: str) -> NDArray[Any]:
    """An array of shape (blobs, count) of `kind`, "<f8" or "<i8". ValueError if one is damaged.

    Many at a time: for one of fifty numbers the calls cost more than the work.
    """
    size = count * 8
    packed = [i for i, blob in enumerate(blobs) if len(blob) != size]
    if not packed:
        return np.frombuffer(b"".join(blobs), kind).reshape(len(blobs), count)
    try:
        turned = [zlib.decompress(blobs[i], -zlib.MAX_WBITS, size) for i in packed]
    except zlib.error as error:
        raise ValueError(f"a column that cannot be unpacked ({error})") from None
    if set(map(len, turned)) != {size}:
        raise ValueError("a column of another length than its frame")
    bytes_ = np.frombuffer(b"".join(turned), np.uint8).reshape(-1, 8, count)
    numbers = np.ascontiguousarray(bytes_.transpose(0, 2, 1)).view(kind)[:, :, 0]
    if len(packed) == len(blobs):
        return numbers
    result = np.empty((len(blobs), count), kind)
    raw = np.ones(len(blobs), bool)
    raw[packed] = False
    result[packed] = numbers
    plain = b"".join([blob for blob in blobs if len(blob) == size])
    result[raw] = np.frombuffer(plain, kind).reshape(-1, count)
    return result
