"""How each process of Weir runs: one line a log entry, a clean stop on SIGINT and SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Protocol

from monitor.errors import WeirError

REFUSED = 2
"""The exit code of a process that cannot be what it was told to be."""

SUPERVISED = "WEIR_SUPERVISED"
"""Set in a child of `weir up`: it ends when its standard input does, so that none is orphaned."""


class Service(Protocol):
    """A part of Weir that runs until it is stopped."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def run(part: str, make: Callable[[], Service]) -> int:
    """Make the service, start it, wait for a signal, stop it. Returns the exit code.

    A WeirError on the way is one line on standard error and code REFUSED.
    """
    log_to_stderr(part)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    if SUPERVISED in os.environ:
        threading.Thread(target=_await_parent, args=(ended,), daemon=True).start()
    try:
        service = make()
        service.start()
        ended.wait()
        service.stop()
    except WeirError as error:
        print(f"weir {part}: {error}", file=sys.stderr)
        return REFUSED
    return 0


def log_to_stderr(part: str) -> None:
    """Log lines that name the part they come from."""
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s {part}: %(levelname).1s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )


def _await_parent(ended: threading.Event) -> None:
    while os.read(0, 1):
        pass
    ended.set()
