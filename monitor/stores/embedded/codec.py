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


def unpack(blob: bytes, count: int) -> bytes:
    """The little-endian bytes of `count` numbers. Raises ValueError if the blob is damaged."""
    size = count * 8
    if len(blob) == size:
        return blob
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        turned = inflate.decompress(blob, size + 1)
    except zlib.error as error:
        raise ValueError(f"a column that cannot be unpacked ({error})") from None
    if len(turned) != size:
        raise ValueError("a column of another length than its frame")
    return np.frombuffer(turned, np.uint8).reshape(8, count).T.tobytes()
