"""The files around the segments: lock and epoch."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from monitor.durable import replace_durably
from monitor.errors import WeirError

_EPOCH = re.compile(r"[0-9a-f]{16}", re.ASCII)


class LogError(WeirError):
    """The edge log cannot do what was asked; the text names its directory and the remedy."""


def read_epoch(directory: Path) -> str | None:
    """The epoch of the log, or None if it has none that can be read."""
    try:
        text = (directory / "epoch").read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return text if _EPOCH.fullmatch(text) else None


def new_epoch(directory: Path) -> str:
    """Give the log a new random epoch. OSError."""
    epoch = secrets.token_hex(8)
    replace_durably(directory / "epoch", f"{epoch}\n".encode())
    return epoch


class Lock:
    """Held while one process writes the log; the kernel lets go of it when the process dies."""

    def __init__(self, directory: Path) -> None:
        """Raises LogError naming the holder, or OSError."""
        self._fd = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise LogError(
                f"edge log {directory}: process {holder or 'unknown'} has it open; "
                "stop that one, or give this one a directory of its own"
            ) from None
        with suppress(OSError):  # a full disk: nobody needs the number
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another process open the log."""
        os.close(self._fd)
