"""A real name server, dnsmasq, on a loopback address of its own, and the resolv.conf for it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

from tests.real.process import Process
from tests.real.require import program

DOMAIN = "weir.example"


class Dnsmasq(Process):
    """Answers for weir.example alone, on port 53: resolv.conf has room for no other."""

    def __init__(self, directory: Path) -> None:
        pid = os.getpid()
        self.address = f"127.{100 + pid // 65536 % 100}.{pid // 256 % 256}.{pid % 254 + 1}"
        self.resolv_conf = directory / "resolv.conf"
        self.resolv_conf.write_text(f"search {DOMAIN}\nnameserver {self.address}\n")
        self._hosts = directory / "hosts"
        self._config = directory / "dnsmasq.conf"
        self._hosts.write_text("")
        super().__init__(
            [
                program("dnsmasq", "dnsmasq-base"),
                "--keep-in-foreground",
                f"--conf-file={self._config}",
                f"--pid-file={directory / 'dnsmasq.pid'}",
            ],
            directory / "dnsmasq.log",
        )

    def serve(self, addresses: dict[str, Sequence[str]], services: Sequence[str] = ()) -> None:
        """Answer with these addresses by host, and these SRV records: `_s._tcp,host,port`."""
        lines = [
            "no-resolv",
            "no-hosts",
            "user=root",
            "bind-interfaces",
            f"listen-address={self.address}",
            f"local=/{DOMAIN}/",
            f"addn-hosts={self._hosts}",
        ]
        for service in services:
            name, host, port = service.split(",")
            lines.append(f"srv-host={name}.{DOMAIN},{host}.{DOMAIN},{port}")
        self._config.write_text("\n".join([*lines, ""]))
        self.hosts(addresses)
        self.stop()
        self.start()
        self.ready(self._listens)

    def hosts(self, addresses: dict[str, Sequence[str]]) -> None:
        """The addresses from now on."""
        self._hosts.write_text(
            "".join(
                f"{address} {host}.{DOMAIN}\n" for host in addresses for address in addresses[host]
            )
        )
        if self.running():
            os.kill(self.pid, signal.SIGHUP)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.address, 53)) == 0
