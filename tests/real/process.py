"""A server process that tests start, wait for, and end; what it printed is kept for the failure."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PAUSE_SECONDS = 0.05


def unused_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def wait_until(
    condition: Callable[[], object], what: str, seconds: float = 30.0, pause: float = PAUSE_SECONDS
) -> None:
    """Return once `condition()` is true; AssertionError that says `what` was awaited otherwise."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(pause)


class Process:
    """One child process with its output in a file. It ends with the test run, however that ends."""

    def __init__(
        self, arguments: Sequence[str], output: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.arguments = list(arguments)
        self.output = output
        self._environment = environment
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None, "not started"
        return self._child.pid

    def start(self) -> None:
        assert not self.running()
        with self.output.open("ab") as output:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
            )

    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def ready(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until the condition holds; an early end or a timeout shows what was printed."""

        def holds() -> bool:
            assert self.running(), f"{self.arguments[0]} ended:\n{self.tail()}"
            return bool(condition())

        try:
            wait_until(holds, f"{self.arguments[0]} is ready", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def tail(self, characters: int = 4000) -> str:
        """The end of what the process printed."""
        return self.output.read_text(errors="replace")[-characters:] if self.output.exists() else ""

    def stop(self, seconds: float = 20.0) -> int:
        """SIGTERM, and SIGKILL when that was not enough; returns the exit code."""
        if self._child is None:
            return 0
        if self.running():
            self._child.terminate()
            try:
                self._child.wait(seconds)
            except subprocess.TimeoutExpired:
                self._child.kill()
        return self._child.wait()

    def kill(self) -> None:
        """SIGKILL, and the end awaited."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
