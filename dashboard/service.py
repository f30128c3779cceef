"""The dashboard as a running process."""

from __future__ import annotations

import logging
import socket

from dashboard.app import create_app
from dashboard.config import DashboardConfig
from monitor.stores.open import open_reader
from monitor.web.server import Server

log = logging.getLogger(__name__)

THREADS = 6
"""As many as the connections that a browser opens to one host."""


class Dashboard:
    """Serves the dashboard on a bound socket until stopped."""

    def __init__(self, config: DashboardConfig, sock: socket.socket) -> None:
        self._directory = config.directory
        self._reader = open_reader(config)
        self._server = Server(create_app(config, self._reader), sock, config, threads=THREADS)

    @property
    def url(self) -> str:
        """The address that a browser on this machine opens."""
        return self._server.url

    def start(self) -> None:
        """Serve; returns at once."""
        self._server.start()
        log.info("dashboard at %s", self.url)
        if self._directory is not None and not self._directory.is_dir():
            log.warning("store %s does not exist until an aggregator writes to it", self._directory)

    def stop(self) -> None:
        """Finish what is being answered and let go of the store."""
        self._server.stop()
        self._reader.close()
