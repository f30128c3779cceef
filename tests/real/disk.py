"""A small disk in memory, which can be filled by somebody else and freed again."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from types import TracebackType

from tests.real.require import root


class SmallDisk:
    """A tmpfs of `kib` KiB, mounted at `path` inside the context."""

    def __init__(self, path: Path, kib: int) -> None:
        root("a file system of its own")
        self.path = path
        self._kib = kib
        self._hog = path / "hog"

    def __enter__(self) -> SmallDisk:
        self.path.mkdir()
        size = f"size={self._kib}k"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "weir", self.path], check=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        subprocess.run(["umount", "--lazy", self.path], check=True)

    def fill(self, leave_kib: int = 0) -> None:
        """Somebody else takes all the space, but for the last `leave_kib`."""
        with self._hog.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        if leave_kib:
            with self._hog.open("r+b") as file:
                file.truncate(max(0, self._hog.stat().st_size - 1024 * leave_kib))

    def free(self) -> None:
        """The space is there again."""
        self._hog.unlink()
