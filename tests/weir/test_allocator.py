"""glibc's allocator after it was told to be frugal, as it says itself."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, threading
from weir.allocator import be_frugal

{first}
barrier = threading.Barrier(4)

def work():
    held = [bytearray(10_000) for _ in range(100)]
    barrier.wait()

threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def arenas(first: str) -> int:
    script = ARENAS.format(first=first)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_threads_share_one_arena() -> None:
    assert arenas("") > 1
    assert arenas("be_frugal()") == 1
