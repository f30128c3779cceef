"""The node agent: builds the parts of a collector from its configuration and runs them."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.cadvisor.machine import Machine
from collector.cadvisor.routes import add_cadvisor
from collector.cgroup.faults import Faults
from collector.cgroup.files import claim_descriptors
from collector.config import CollectorConfig
from collector.containers import directories, paths, services
from collector.containers.names import Names
from collector.containers.node_names import NodeNames
from collector.containers.state_names import StateNames
from collector.host.host import Host
from collector.latest import Latest
from collector.pace import Pace
from collector.rounds import Rounds
from collector.self_metrics import SelfMetrics
from collector.series_budget import SeriesBudget
from collector.sweep import Sweeper
from collector.sweep_log import SweepLog
from collector.ticker import Ticker
from collector.web import create_app
from monitor.edgelog import EdgeLog, Limits
from monitor.web.server import Server

if TYPE_CHECKING:
    from collector.containers.docker import DockerNames

log = logging.getLogger(__name__)

KEEP_SECONDS = 180.0
"""Three of the slowest tier: what nothing renewed for so long is not shown any more."""


class Agent:
    """One node's collector, on a socket that is bound already.

    Sweeps on its own thread, serves on others. Raises LogError when the data directory cannot be
    used, ConfigError for a token or certificate that cannot.
    """

    def __init__(
        self,
        config: CollectorConfig,
        sock: socket.socket,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        identity = {"cluster": config.cluster, "node": config.node_name}
        limits = Limits(config.log_max_bytes, config.log_max_age)
        self._docker = _docker_names(config, os.environ if environ is None else environ)
        faults = Faults()
        names = NodeNames(self._docker, StateNames(config.runtime_state_dirs, faults))
        self._log = EdgeLog(config.data_dir, limits, tags={**identity, "process": "collector"})
        self._latest = Latest(max(KEEP_SECONDS, 3 * config.interval))
        self._budget = SeriesBudget(config.max_series)
        self._pace = Pace(config.interval, config.cpu_share)
        self._sweep_log = SweepLog(self._log)
        self._rounds = Rounds(
            identity,
            partial(Ticker, config.interval),
            partial(_sweeper, config, identity, names, faults),
            Host(identity, Path(config.proc_root)),
            self._docker,
            SelfMetrics(identity, self._log),
            self._sweep_log,
            self._latest,
            self._budget,
            self._pace,
        )
        app = create_app(
            self._latest,
            self._log,
            lambda: self._pace.interval_seconds,
            self._health,
            config.label_rules,
            self._rounds.fresh,
        )
        rounds, machine = self._rounds, Machine(Path(config.proc_root))
        add_cadvisor(app, self._latest, self._log, machine, rounds.fresh, lambda: rounds.stopping)
        self._server = Server(app, sock, config)
        self._thread = threading.Thread(target=self._rounds.run, name="sweep", daemon=True)

    @property
    def url(self) -> str:
        """Where the collector serves."""
        return self._server.url

    def start(self) -> None:
        """Begin to sweep and to serve; returns at once."""
        if self._docker is not None:
            self._docker.start()
        self._thread.start()
        self._server.start()
        log.info("collector serves %s, edge log in %s", self.url, self._log.directory)

    def stop(self) -> None:
        """End sweep, server and log, within about two seconds."""
        self._rounds.stop()
        self._server.stop()
        if self._docker is not None:
            self._docker.stop()
        self._thread.join(timeout=2)
        self._log.close()

    def _health(self) -> Mapping[str, Any]:
        ticked = self._rounds.last_monotonic
        return {
            "last_tick_seconds": None if ticked is None else time.monotonic() - ticked,
            "interval_seconds": self._pace.interval_seconds,
            "log": "failing" if self._sweep_log.failing else "ok",
            "series": {"max": self._budget.max_series, **self._budget.figures},
            "docker": None if self._docker is None else "up" if self._docker.up else "away",
        }


def _sweeper(
    config: CollectorConfig, identity: Mapping[str, str], names: Names, faults: Faults
) -> Sweeper:
    return Sweeper(
        identity,
        Path(config.proc_root),
        Path(config.cgroup_root),
        names,
        claim_descriptors(),
        groups=config.groups,
        sys_root=Path("/sys"),
        find=services.find if config.services else paths.find,
        rules=config.label_rules,
        faults=faults,
        watch=directories.watching,
    )


def _docker_names(config: CollectorConfig, environ: Mapping[str, str]) -> DockerNames | None:
    if config.docker == "none":
        return None
    # Imported only where wanted: the client and what it needs take 7 MiB.
    from collector.containers.docker import DockerNames
    from collector.containers.docker_engine import address

    return DockerNames(address(config.docker, environ), environ)
