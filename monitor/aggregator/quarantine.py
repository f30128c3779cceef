"""Bodies that the store will never take, kept for a person with the store's reason."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from monitor.edgelog.directory import replace_durably
from monitor.errors import WeirError
from monitor.stream.client import Pulled

log = logging.getLogger(__name__)

_MAX_BYTES = 64 * 1024 * 1024
_MAX_FILES = 10_000


class QuarantineError(WeirError):
    """The body could not be kept; the node keeps it, and it is pulled again."""


class Quarantine:
    """A directory of NODE-EPOCH-SEQ.lp.gz, each beside a .reason; the oldest go past 64 MiB."""

    def __init__(self, directory: Path, max_bytes: int = _MAX_BYTES) -> None:
        self._directory = directory
        self._max_bytes = max_bytes

    def keep(self, node_url: str, pulled: Pulled, reason: str) -> None:
        """Store `pulled`'s body durably, and why. Raises QuarantineError."""
        node = re.sub(r"[^A-Za-z0-9.-]+", "-", node_url.partition("://")[2])[:120]
        name = f"{node}-{pulled.cursor.epoch}-{pulled.cursor.sequence}"
        body = self._directory / f"{name}.lp.gz"
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_durably(body.with_name(f"{name}.reason"), f"{node_url}: {reason}\n".encode())
            replace_durably(body, pulled.body)
            self._make_room()
        except OSError as error:
            raise QuarantineError(
                f"quarantine {self._directory}: {error.strerror}; free space there, or choose "
                "another directory with --data: the node keeps what the store refused until then"
            ) from None
        log.warning("the store refuses a record of node %s, kept as %s: %s", node_url, body, reason)

    def _make_room(self) -> None:
        files = [(path, path.stat()) for path in self._directory.iterdir()]
        files.sort(key=lambda file: file[1].st_mtime_ns)
        total = sum(stat.st_size for _, stat in files)
        for index, (path, stat) in enumerate(files):
            if total <= self._max_bytes and len(files) - index <= _MAX_FILES:
                return
            path.unlink(missing_ok=True)
            total -= stat.st_size
