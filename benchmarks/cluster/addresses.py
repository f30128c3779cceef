"""An address of its own for each node, all on one port: Linux answers on all of 127.0.0.0/8."""

from __future__ import annotations

import ipaddress

FIRST = int(ipaddress.IPv4Address("127.1.0.1"))
CONTROL = "127.0.0.1"


def host(node: int) -> str:
    """The node's address: 127.1.0.1 for node 0."""
    return str(ipaddress.IPv4Address(FIRST + node))


def node_at(address: str) -> int:
    """The node that listens on an address; negative for the simulator's own."""
    return int(ipaddress.IPv4Address(address)) - FIRST
