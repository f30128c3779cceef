"""Trees as deep as a hostile container makes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def nested(path: Path, name: str, levels: int) -> Iterator[None]:
    """`levels` directories below one another, also past what a path can name, for a while."""
    fd = os.open(path, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=fd)
        fd = _move(fd, name)
    yield
    for _ in range(levels):
        fd = _move(fd, "..")
        os.rmdir(name, dir_fd=fd)
    os.close(fd)


def _move(fd: int, to: str) -> int:
    try:
        return os.open(to, os.O_RDONLY, dir_fd=fd)
    finally:
        os.close(fd)
