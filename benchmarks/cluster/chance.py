"""Chance that can be had again: the same numbers for the same node, pod and sweep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
"""Arrays of 64 random bits."""

_BITS = 20
_ODD = tuple(pow(0x9E3779B97F4A7C15, power, 2**64) for power in range(1, 7))
"""A multiplier for each part of a key: powers of 2^64 divided by the golden ratio."""


def words(*parts: int | NDArray[np.int64]) -> Words:
    """64 bits for each element of `parts` (up to six numbers, or arrays that fit together)."""
    same = 0
    found = np.zeros(1, np.uint64)
    for part, odd in zip(parts, _ODD, strict=False):
        if isinstance(part, int):
            same += part * odd
        else:
            found = found + part.astype(np.uint64) * np.uint64(odd)
    return _mixed(found + np.uint64(same % 2**64))


def shares(of: Words) -> NDArray[np.float64]:
    """Each word as a number from 0 to below 1."""
    return (of >> np.uint64(64 - _BITS)).astype(np.float64) * 2.0**-_BITS


def _mixed(bits: Words) -> Words:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
