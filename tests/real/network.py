"""Networks of their own for processes, each joined to this machine's by a link that can be cut."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from types import TracebackType

from tests.real.require import program, root


class Network:
    """A network namespace. A process inside has `address`; this machine is `gateway` to it."""

    def __init__(self, number: int) -> None:
        root("a network namespace")
        self.name = f"weir-{os.getpid()}-{number}"
        subnet = f"10.{64 + os.getpid() % 128}.{number}"
        self.gateway, self.address = f"{subnet}.1", f"{subnet}.2"
        self._ip = program("ip", "iproute2")
        self._iptables = program("iptables", "iptables")
        self._outer, self._inner = f"w{os.getpid()}o{number}", f"w{os.getpid()}i{number}"

    @property
    def enter(self) -> tuple[str, ...]:
        """What stands before a command that is to run inside."""
        return (self._ip, "netns", "exec", self.name)

    def __enter__(self) -> Network:
        ip = self._ip
        _run(ip, "netns", "add", self.name)
        try:
            inner = ("name", self._inner, "netns", self.name)
            _run(ip, "link", "add", self._outer, "type", "veth", "peer", *inner)
            _run(ip, "addr", "add", f"{self.gateway}/24", "dev", self._outer)
            _run(ip, "link", "set", self._outer, "up")
            _run(*self.enter, ip, "addr", "add", f"{self.address}/24", "dev", self._inner)
            for device in (self._inner, "lo"):
                _run(*self.enter, ip, "link", "set", device, "up")
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._remove()

    @contextlib.contextmanager
    def dropping(self, share: float = 1.0) -> Iterator[None]:
        """While it lasts, that share of what comes and goes is dropped, at random."""
        rule = ("-m", "statistic", "--mode", "random", "--probability", str(share), "-j", "DROP")
        for chain in ("INPUT", "OUTPUT"):
            _run(*self.enter, self._iptables, "-A", chain, *rule)
        try:
            yield
        finally:
            for chain in ("INPUT", "OUTPUT"):
                _run(*self.enter, self._iptables, "-D", chain, *rule)

    def _remove(self) -> None:
        subprocess.run([self._ip, "link", "del", self._outer], capture_output=True, check=False)
        subprocess.run([self._ip, "netns", "del", self.name], capture_output=True, check=False)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
