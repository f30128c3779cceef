"""A part of Weir in a process of its own, started again when it dies."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from weir.process import REFUSED, SUPERVISED

log = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 30.0
STOP_SECONDS = 10.0


class Child:
    """`weir PART` on a socket that is bound already, restarted with growing pauses when it dies."""

    def __init__(self, part: str, sock: socket.socket, arguments: list[str]) -> None:
        self.part = part
        self.refused = False
        self._sock = sock
        self._command = [sys.executable, "-m", "weir", part, f"--listen=fd:{sock.fileno()}"]
        self._command += arguments
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name=part, daemon=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()

    def start(self) -> None:
        """Run the part until `stop`; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the part to end, and make it end when it does not within STOP_SECONDS."""
        with self._starting:
            self._stopping.set()
        if self._process is not None:
            self._process.terminate()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive() and self._process is not None:
            log.warning("%s does not stop; killing it", self.part)
            self._process.kill()
            self._thread.join()

    def _supervise(self) -> None:
        pause = 0.5
        while (process := self._spawn()) is not None:
            began = time.monotonic()
            code = process.wait()
            if self._stopping.is_set():
                return
            if code == REFUSED:
                self.refused = True
                os.kill(os.getpid(), signal.SIGTERM)
                return
            ran = time.monotonic() - began
            pause = 0.5 if ran > LONGEST_PAUSE_SECONDS else min(pause * 2, LONGEST_PAUSE_SECONDS)
            log.warning("%s ended with code %s; starting it again in %g s", self.part, code, pause)
            self._stopping.wait(pause)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        """The part's new process, or None once it is to stop."""
        with self._starting:
            if self._stopping.is_set():
                return None
            # Its own process group: Ctrl-C reaches the supervisor alone, which ends the parts in
            # order. Its standard input ends with the supervisor, and the part with that.
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.PIPE,
                pass_fds=[self._sock.fileno()],
                env=_environment(),
                process_group=0,
            )
            return self._process


def _environment() -> dict[str, str]:
    """Ours, without the settings: what concerns a part is passed to it as flags."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    return kept | {SUPERVISED: "1"}
