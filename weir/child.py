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
    """One part in its own process, restarted with growing pauses when it dies."""

    def __init__(self, part: str, sock: socket.socket, arguments: list[str]) -> None:
        self.sock = sock
        self.part = part
        self._command = [sys.executable, "-m", "weir", part, f"--listen=fd:{sock.fileno()}"]
        self._command += arguments
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name=part, daemon=True)
        self.refused = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _supervise(self) -> None:
        pause = 0.5
        while not self._stopping.is_set():
            began = time.monotonic()
            code = self._run_once()
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

    def _run_once(self) -> int:
        # Its own process group: Ctrl-C reaches the supervisor alone, which ends the parts in order.
        process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            stdin=subprocess.PIPE,
            pass_fds=[self.sock.fileno()],
            env=_environment(),
            process_group=0,
        )
        while True:
            try:
                return process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                if self._stopping.is_set():
                    return _end(process)


def _end(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _environment() -> dict[str, str]:
    """Ours, without the settings: what concerns a part is passed to it as flags."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    return kept | {SUPERVISED: "1"}
