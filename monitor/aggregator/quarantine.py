"""Bodies that the store will never take, kept for a person with the store's reason."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from pathlib import Path

from monitor.edgelog.directory import replace_durably
from monitor.errors import WeirError
from monitor.stream.client import Pulled

log = logging.getLogger(__name__)

_MAX_BYTES = 64 * 1024 * 1024
_MAX_FILES = 10_000
_KEPT = 0.9
"""Of what is allowed, after room was made: so the directory is not listed for each record."""


class QuarantineError(WeirError):
    """The body could not be kept; the node keeps it, and it is pulled again."""


class Quarantine:
    """A directory of NODE-EPOCH-SEQ.lp.gz, each beside a .reason; the oldest go past 64 MiB.

    Threads may share it.
    """

    def __init__(self, directory: Path, max_bytes: int = _MAX_BYTES) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._bytes: int | None = None  # not known before the first record
        self._files = 0

    def keep(self, node_url: str, pulled: Pulled, reason: str) -> None:
        """Store `pulled`'s body durably, and why. Raises QuarantineError."""
        node = re.sub(r"[^A-Za-z0-9.-]+", "-", node_url.partition("://")[2])[:120]
        name = f"{node}-{pulled.cursor.epoch}-{pulled.cursor.sequence}"
        body = self._directory / f"{name}.lp.gz"
        try:
            with self._lock:
                self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._put(body.with_name(f"{name}.reason"), f"{node_url}: {reason}\n".encode())
                self._put(body, pulled.body)
                if not self._has_room():
                    self._make_room()
        except OSError as error:
            raise QuarantineError(
                f"quarantine {self._directory}: {error.strerror}; free space there, or choose "
                "another directory with --data: the node keeps what the store refused until then"
            ) from None
        log.warning("the store refuses a record of node %s, kept as %s: %s", node_url, body, reason)

    def _put(self, path: Path, data: bytes) -> None:
        """Write durably and count; what replaces a file counts twice until room is made."""
        replace_durably(path, data)
        if self._bytes is not None:
            self._bytes += len(data)
            self._files += 1

    def _has_room(self) -> bool:
        return (
            self._bytes is not None and self._bytes <= self._max_bytes and self._files <= _MAX_FILES
        )

    def _make_room(self) -> None:
        """Count what there is; if that is too much, remove the oldest."""
        found = []
        for path in self._directory.iterdir():
            with contextlib.suppress(FileNotFoundError):  # a person may tidy up meanwhile
                found.append((path, path.stat()))
        found.sort(key=lambda file: file[1].st_mtime_ns)
        self._files, self._bytes = len(found), sum(stat.st_size for _, stat in found)
        if self._has_room():
            return
        for path, stat in found:
            if self._bytes <= _KEPT * self._max_bytes and self._files <= _KEPT * _MAX_FILES:
                return
            path.unlink(missing_ok=True)
            self._bytes -= stat.st_size
            self._files -= 1
