"""A cloud's metadata service is never asked, whatever name leads there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from monitor.stream.forbidden import is_forbidden
from tests.real.require import program

PULL = """
import socket, sys, threading
from monitor.stream.client import NodeClient
from monitor.stream.pulled import NodeError

listener = socket.create_server(("169.254.169.254", 80))
received = []

def serve():
    connection, _ = listener.accept()
    received.append(connection.recv(1000))

thread = threading.Thread(target=serve, daemon=True)
thread.start()
try:
    NodeClient(token="secret").pull("http://" + sys.argv[1], "aggregator", None, 1000)
except NodeError as error:
    print(error)
thread.join(10)
print(received)
"""


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.170.2",
        "::ffff:169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
    ],
)
def test_addresses_of_metadata_services(host: str) -> None:
    assert is_forbidden(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "::1", "fd00::1", "8.8.8.8", "node-1"])
def test_addresses_of_nodes(host: str) -> None:
    assert not is_forbidden(host)


@pytest.mark.root
@pytest.mark.parametrize("host", ["2852039166", "0xA9FEA9FE", "[::ffff:169.254.169.254]"])
def test_a_name_that_leads_there_is_sent_nothing(host: str) -> None:
    """In a network of its own, where that address is this machine's."""
    program("unshare", "util-linux")
    program("ip", "iproute2")
    setup = 'ip link set lo up && ip address add 169.254.169.254/32 dev lo && exec "$@"'
    command = ["unshare", "--net", "sh", "-c", setup, "sh", sys.executable, "-c", PULL, host]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "169.254.169.254, a cloud's own service" in shown.stdout, shown.stderr
    assert shown.stdout.endswith("[b'']\n"), "it saw a connection that closed"
