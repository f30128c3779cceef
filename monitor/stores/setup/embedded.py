"""The embedded store needs a directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monitor.stores.embedded.failures import unavailable


class EmbeddedSetup:
    """Makes the directory; the days' files are made when they are written."""

    def __init__(self, directory: Path, retention_days: int) -> None:
        self._directory = directory
        self._retention_days = retention_days

    def make(self) -> Iterator[str]:
        """See `monitor.stores.setup.open.Setup`."""
        kept = f"each day is kept for {self._retention_days} more (retention_days)"
        if self._directory.is_dir():
            yield f"directory {self._directory} exists already; {kept}"
            return
        try:
            self._directory.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise unavailable(error, self._directory) from None
        yield f"directory {self._directory} made; {kept}"
