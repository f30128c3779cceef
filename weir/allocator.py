"""glibc's allocator, told to be frugal.

By default each thread gets an arena of its own, and a large block that was freed once makes the
next ones of its size stay in the heap for good. A collector's threads make a large text every few
seconds, a sweep's lines or a page for Prometheus, so it would hold several of them for ever; an
aggregator's write bodies and tell of thousands of nodes.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
_LARGE_BYTES = 128 * 1024  # glibc's own first values; once set, they do not grow


def be_frugal() -> None:
    """One arena for all threads, and large blocks go back to the system when they are freed.

    Does nothing where the C library is another one.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
