"""Lines that the store will never take, kept for a person with the store's reason."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from stat import S_ISREG

from monitor.aggregator.bisection import Refused
from monitor.aggregator.quarantine_file import SUFFIX, Entry, decode, encode
from monitor.durable import replace_durably
from monitor.errors import WeirError

log = logging.getLogger(__name__)

_MAX_BYTES = 64 * 1024 * 1024
_MAX_FILES = 10_000
_KEPT = 0.9
"""Of what is allowed, after room was made: so the directory is not listed for each record."""

_SAY_SECONDS = 10.0
_SHOWN = 3


class QuarantineError(WeirError):
    """The lines could not be kept; the node keeps them, and they are pulled again."""


class Quarantine:
    """A directory of files, one for the refused lines of each record; the oldest go past 64 MiB.

    Threads may share it, and so may processes.
    """

    def __init__(self, directory: Path, max_bytes: int = _MAX_BYTES) -> None:
        self.directory = directory
        self._max_bytes = max_bytes
        self._mutex = threading.Lock()
        self._bytes: int | None = None  # not known before the first record
        self._files = 0
        self._says_at = 0.0
        self._unsaid = 0

    def keep(self, node_url: str, refused: Sequence[Refused]) -> Path:
        """Store the refused lines of one record durably, and why. Raises QuarantineError."""
        entry = Entry(node_url, time.time(), tuple(refused))
        path = self.directory / entry.file_name()
        try:
            with self._mutex:
                self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._put(path, encode(entry))
                if not self._has_room():
                    self._make_room()
                self._say(entry, path)
        except OSError as error:
            raise QuarantineError(
                f"quarantine {self.directory}: {error.strerror}; free space there, or choose "
                "another directory with --data: the node keeps what the store refused until then"
            ) from None
        return path

    def files(self) -> list[Path]:
        """All of them, the oldest first. Raises QuarantineError."""
        try:
            return [path for path, _ in self._found() if path.name.endswith(SUFFIX)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise QuarantineError(f"quarantine {self.directory}: {error.strerror}") from None

    def read(self, path: Path) -> Entry | None:
        """What the file holds; None if it is gone. Raises QuarantineError."""
        try:
            return decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise QuarantineError(f"{path}: {why}; move it away, it is no file of Weir's") from None

    def remove(self, path: Path) -> None:
        """Its lines need not be kept any longer. Raises QuarantineError."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise QuarantineError(f"{path} cannot be removed: {error.strerror}") from None

    def _put(self, path: Path, data: bytes) -> None:
        """Write durably and count; what replaces a file counts twice until room is made."""
        with _locked(self.directory):
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
        found = self._found()
        self._files, self._bytes = len(found), sum(stat.st_size for _, stat in found)
        if self._has_room():
            return
        before = self._files
        for path, stat in found:
            if self._bytes <= _KEPT * self._max_bytes and self._files <= _KEPT * _MAX_FILES:
                break
            path.unlink(missing_ok=True)
            self._bytes -= stat.st_size
            self._files -= 1
        log.warning(
            "quarantine %s is full: its %d oldest files were removed",
            self.directory,
            before - self._files,
        )

    def _found(self) -> list[tuple[Path, os.stat_result]]:
        """Each file, the oldest first; a directory that somebody made there is not ours."""
        found = []
        for path in self.directory.iterdir():
            with contextlib.suppress(FileNotFoundError):  # a person may tidy up meanwhile
                if S_ISREG((stat := path.lstat()).st_mode):
                    found.append((path, stat))
        return sorted(found, key=lambda file: file[1].st_mtime_ns)

    def _say(self, entry: Entry, path: Path) -> None:
        """Not each of them: a node may have bad lines in every record."""
        now = time.monotonic()
        if now < self._says_at:
            self._unsaid += entry.lines
            return
        more = f" (and {self._unsaid} lines since the last such message)" if self._unsaid else ""
        log.warning(
            "the store refuses %d lines of node %s, kept as %s%s: %s",
            entry.lines,
            entry.node_url,
            path,
            more,
            "; ".join(entry.reasons[:_SHOWN]),
        )
        self._says_at = now + _SAY_SECONDS
        self._unsaid = 0


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Only one process at a time writes there. OSError."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
