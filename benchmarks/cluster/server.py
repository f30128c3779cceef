"""All nodes' addresses, served from one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time

from benchmarks.cluster import addresses
from benchmarks.cluster.behaviour import Behaviour
from benchmarks.cluster.control import Control
from benchmarks.cluster.logs import Logs
from benchmarks.cluster.requests import Request, answer, reply

IDLE_SECONDS = 10.0
"""As a collector's server: a connection on which nothing is asked is closed."""
_DRIP_SECONDS = 1.0
_RESET = struct.pack("ii", 1, 0)


class Server:
    """Answers for every node of `logs` on one port, and for the simulator itself on 127.0.0.1."""

    def __init__(self, logs: Logs, port: int = 0) -> None:
        """Port 0 takes a free one. Listens on all addresses, but answers on 127.0.0.0/8 only."""
        self.logs = logs
        self.behaviour: dict[int, Behaviour] = {}
        self.open: set[Connection] = set()
        self._socket = socket.create_server(("0.0.0.0", port), backlog=4096)
        self.port: int = self._socket.getsockname()[1]
        self.urls = [f"http://{addresses.host(n)}:{self.port}" for n in range(logs.plan.nodes)]
        self.control = Control(logs, self.behaviour, self.urls)

    async def run(self, until: asyncio.Event) -> None:
        """Serve until the event is set."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self), sock=self._socket)
        async with server:
            while not until.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(until.wait(), 1.0)
                self._close_idle()
            for connection in list(self.open):
                connection.end()

    def _close_idle(self) -> None:
        long_ago = time.monotonic() - IDLE_SECONDS
        for connection in list(self.open):
            if connection.used_at < long_ago:
                connection.end()


class Connection(asyncio.Protocol):
    """One connection to one node."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._asked = b""
        self._node = -1
        self._transport: asyncio.Transport
        self.used_at = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        here = transport.get_extra_info("sockname")[0]
        self._node = addresses.node_at(here)
        is_known = self._node < self._server.logs.plan.nodes and here.startswith("127.")
        if not is_known or self._behaviour() is Behaviour.GONE:
            self._reset()
            return
        self._server.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.open.discard(self)

    def data_received(self, data: bytes) -> None:
        self.used_at = time.monotonic()
        self._asked += data
        while (head := self._asked.partition(b"\r\n\r\n"))[1]:
            self._asked = head[2]  # none of the requests has a body
            self._answer(head[0])

    def end(self) -> None:
        """Close, once what was answered is on its way."""
        self._transport.close()

    def _answer(self, head: bytes) -> None:
        behaviour = self._behaviour()
        if behaviour is Behaviour.GONE:
            self._reset()
        if behaviour in (Behaviour.GONE, Behaviour.HANGS):
            return
        try:
            request = Request.parse(head)
        except ValueError:
            self._transport.write(reply("400 BAD REQUEST", b"{}"))
            self.end()
            return
        if self._node < 0:
            self._transport.write(self._server.control.answer(request))
            return
        text = answer(self._server.logs, self._node, request)
        if behaviour is Behaviour.DRIPS:
            self._drip(text, 0)
        elif behaviour is Behaviour.CUTS:
            self._transport.write(text[: len(text) // 2])
            self.end()
        else:
            self._transport.write(text)

    def _drip(self, text: bytes, at: int) -> None:
        if at < len(text) and not self._transport.is_closing():
            self._transport.write(text[at : at + 1])
            self.used_at = time.monotonic()
            asyncio.get_running_loop().call_later(_DRIP_SECONDS, self._drip, text, at + 1)

    def _behaviour(self) -> Behaviour:
        return self._server.behaviour.get(self._node, Behaviour.WELL)

    def _reset(self) -> None:
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()
