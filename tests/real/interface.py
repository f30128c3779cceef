"""A network interface for a container whose runtime gave it none."""

from __future__ import annotations

import subprocess

from tests.real.require import program


def add_interface(pid: int, name: str = "eth0") -> None:
    """Give the network of the process an interface, up, whose peer is in the same network."""
    enter = [program("nsenter", "util-linux"), f"--net=/proc/{pid}/ns/net"]
    ip = program("ip", "iproute2")
    for command in (
        ["link", "add", name, "type", "veth", "peer", "name", "veth-peer"],
        ["addr", "add", "10.214.0.2/24", "dev", name],
        ["link", "set", "veth-peer", "up"],
        ["link", "set", name, "up"],
    ):
        subprocess.run([*enter, ip, *command], check=True, capture_output=True)
