"""Aggregator: the workers, the schedule between them, and what they tell about themselves."""

from __future__ import annotations

import logging
import socket
import threading
import time

from werkzeug.wrappers import Request, Response

from monitor.aggregator.config import AggregatorConfig
from monitor.aggregator.discovery.watch import discover
from monitor.aggregator.gate import Gate
from monitor.aggregator.group_commit import GroupCommit
from monitor.aggregator.in_flight import InFlight
from monitor.aggregator.node import Node
from monitor.aggregator.node_metrics import FleetMetrics, each
from monitor.aggregator.pipe import Next, Pipe
from monitor.aggregator.quarantine import Quarantine
from monitor.aggregator.roster import Roster
from monitor.aggregator.schedule import Schedule
from monitor.aggregator.settling import settling_of
from monitor.aggregator.targets import prometheus_response, readiness, targets_response
from monitor.aggregator.telemetry import StoreMetrics, Telemetry
from monitor.stores.open import open_writer
from monitor.stores.protocols import Writer
from monitor.stream.client import NodeClient
from monitor.web.app import App, json_response
from monitor.web.server import Server
from monitor.web.telemetry import metrics_response

log = logging.getLogger(__name__)

_FAULT_PAUSE_SECONDS = 30.0
_FIRST_PULLS_PER_SECOND = 500
_STOP_SECONDS = 5.0


class Aggregator:
    """Pulls every node of `config` and writes to its store, from start() until stop()."""

    def __init__(
        self, config: AggregatorConfig, sock: socket.socket, writer: Writer | None = None
    ) -> None:
        """`sock` is bound and not yet listening; `writer` replaces the store that config names.

        Raises ConfigError.
        """
        self._telemetry = Telemetry()
        self._writer = writer or open_writer(config.store_config)
        self._gate = Gate(self._writer, self._telemetry.on_store_error)
        self._client = NodeClient(
            token=config.node_token(), ca_file=config.node_ca, seconds=config.timeout
        )
        self._settling = settling_of(self._writer, self._telemetry.on_dropped_rows)
        in_flight = InFlight(config.in_flight_bytes)
        self._telemetry.in_flight.set_function(lambda: in_flight.bytes)
        self._pipe = Pipe(
            client=self._client,
            groups=GroupCommit(
                self._gate,
                self._telemetry,
                max_bytes=config.write_bytes,
                writers=config.writers,
            ),
            settling=self._settling,
            quarantine=Quarantine(config.quarantine),
            in_flight=in_flight,
            telemetry=self._telemetry,
            consumer=config.consumer,
            batch_bytes=config.batch_bytes,
            poll_seconds=config.poll,
        )
        self._poll_seconds = config.poll
        self._schedule = Schedule(config.workers)
        self._roster = Roster(self._joined)
        self._discovery = discover(config, self._roster, config.timeout)
        self._workers = [
            threading.Thread(target=self._work, name=f"pull-{number}", daemon=True)
            for number in range(config.workers)
        ]
        self._telemetry.registry.register(FleetMetrics(self._roster.nodes))
        self._telemetry.registry.register(StoreMetrics(lambda: self._gate.is_open))
        self._server = Server(self._app(), sock, config)
        self.url = self._server.url

    def start(self) -> None:
        """Begin to pull and to listen; returns at once."""
        self._settling.start()
        for worker in self._workers:
            worker.start()
        self._discovery.start()
        self._server.start()
        log.info("nodes to pull: %d; %s/api/v1/targets shows each", len(self._roster), self.url)

    def stop(self) -> None:
        """Finish the writes that are under way, cut off the pulls, and let go of everything."""
        self._discovery.stop()
        self._schedule.stop()
        self._gate.stop()
        self._client.interrupt()
        ends_at = time.monotonic() + _STOP_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, ends_at - time.monotonic()))
        self._settling.stop()
        self._server.stop()
        self._client.close()
        self._writer.close()

    def _joined(self, nodes: list[Node]) -> None:
        """New nodes are not all asked at once."""
        self._schedule.add(nodes, max(self._poll_seconds, len(nodes) / _FIRST_PULLS_PER_SECOND))

    def _work(self) -> None:
        while self._gate.wait() and (node := self._schedule.take()) is not None:
            step = Next(_FAULT_PAUSE_SECONDS, slow=False)
            try:
                step = self._pipe.step(node)
            except Exception:  # a fault of ours with one node must not end the worker of all
                log.exception("node %s: a fault in Weir; please report it", node.url)
            self._schedule.give_back(node, step.in_seconds, step.slow)

    def _app(self) -> App:
        app = App()
        app.add("/metrics", self._metrics)
        app.add("/healthz", self._healthz)
        app.add("/readyz", self._readyz)
        app.add("/api/v1/targets", self._targets)
        app.add("/api/v1/sd/prometheus", lambda _: prometheus_response(self._roster.nodes()))
        return app

    def _metrics(self, request: Request) -> Response:
        return metrics_response(request, self._telemetry.registry, each(self._roster.nodes()))

    def _targets(self, request: Request) -> Response:
        return targets_response(request, self._roster.nodes(), self._gate, self._discovery.places())

    def _healthz(self, request: Request) -> Response:
        alive = self._discovery.is_alive() and all(worker.is_alive() for worker in self._workers)
        return json_response({"ok": alive}, 200 if alive else 503)

    def _readyz(self, request: Request) -> Response:
        reason = readiness(self._roster.nodes(), self._gate, self._discovery.missing())
        return json_response({"ready": not reason, "reason": reason}, 503 if reason else 200)
