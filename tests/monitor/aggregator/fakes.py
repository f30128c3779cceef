"""A store that does as it is told, and nodes whose logs are served over real HTTP."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from pathlib import Path

from monitor.edgelog import EdgeLog
from monitor.errors import StoreError
from monitor.stream.server import add_stream
from monitor.web.app import App
from monitor.web.config import ListenConfig
from monitor.web.server import Server, bind


class FakeWriter:
    """Keeps each line that it takes; `refuse` may give the error to raise for a body's lines.

    `asked` are all bodies' lines, taken or not; `entered` counts the calls, held ones too.
    """

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.asked: list[bytes] = []
        self.entered = 0
        self.refuse: Callable[[bytes], StoreError | None] = lambda lines: None
        self.hold = threading.Event()
        self.hold.set()
        self.closed = False

    def write(self, body: bytes) -> None:
        self.entered += 1
        self.hold.wait(30)
        lines = gzip.decompress(body)
        self.asked.append(lines)
        error = self.refuse(lines)
        if error is not None:
            try:
                raise error
            finally:
                del error  # or it would be in a circle with this frame, and keep all that led here
        self.lines += lines.splitlines()

    @property
    def bodies(self) -> int:
        """How many writes ended."""
        return len(self.asked)

    def close(self) -> None:
        self.closed = True


class FakeNode:
    """An edge log under `directory`, served until stop()."""

    def __init__(self, directory: Path) -> None:
        self.log = EdgeLog(directory)
        app = App()
        add_stream(app, self.log)
        self._server = Server(app, bind("127.0.0.1:0"), ListenConfig())
        self._server.start()
        self.url = self._server.url

    def stop(self) -> None:
        self._server.stop()
        self.log.close()


def line(number: int) -> bytes:
    """A line that is told from all others."""
    return b"container,container=c v=%di %d" % (number, number)
