"""`weir up`: collector, aggregator and dashboard on this machine, on the embedded store."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from monitor.errors import ConfigError, WeirError
from monitor.settings import setting, state_directory
from monitor.web.config import ListenConfig
from monitor.web.server import bind
from weir.process import SUPERVISED

log = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 30.0
STOP_SECONDS = 10.0
REFUSED = 2


@dataclass(frozen=True, kw_only=True)
class UpConfig(ListenConfig):
    """Run everything on this machine, on the embedded store, until Ctrl-C."""

    data: str = setting(
        "",
        "directory of the edge log and the store; empty: /var/lib/weir for root, "
        "~/.local/share/weir for others",
        metavar="DIR",
    )
    interval: float = setting(5.0, "seconds between two sweeps, 1 to 300", metavar="SECONDS")
    docker: str = setting(
        "auto",
        "Docker's address, `none`, or `auto`: DOCKER_HOST, else unix:///var/run/docker.sock",
        metavar="URL",
    )
    collector_listen: str = setting(
        "127.0.0.1:9180", "address of the collector: its /metrics and its stream"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.interval <= 300:
            raise ConfigError(f"interval: {self.interval} is not between 1 and 300 seconds")


class Supervisor:
    """Starts the three parts, restarts one that dies, ends them all."""

    def __init__(self, config: UpConfig) -> None:
        self._config = config
        data = state_directory(config.data)
        try:
            data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"data: {data}: {error.strerror}; choose another with --data"
            ) from None
        web = bind(config.listen)
        node = bind(config.collector_listen)
        pipe = bind("127.0.0.1:0")
        store = f"--store=sqlite:{data / 'store'}"
        self.url = f"{'https' if config.tls_cert else 'http'}://{_shown(web)}"
        self._children = [
            Child(
                "collector",
                node,
                [
                    f"--data={data / 'collector'}",
                    f"--interval={config.interval}",
                    f"--docker={config.docker}",
                ],
            ),
            Child(
                "aggregator",
                pipe,
                [
                    f"--nodes=http://{_shown(node)}",
                    f"--poll={min(1.0, config.interval / 2)}",
                    f"--data={data / 'aggregator'}",
                    store,
                ],
            ),
            Child(
                "dashboard",
                web,
                [store, f"--refresh={config.interval}", *_web_arguments(config)],
            ),
        ]

    def start(self) -> None:
        """Start every part and say where the dashboard is once it answers."""
        for child in self._children:
            child.start()
        threading.Thread(target=self._announce, daemon=True).start()

    def stop(self) -> None:
        """End every part, the reader first and the log last."""
        log.info("stopping")
        for child in reversed(self._children):
            child.stop()
        refused = [child.part for child in self._children if child.refused]
        if refused:
            raise WeirError(f"{refused[0]} cannot run as it is told to; its line above says why")

    def _announce(self) -> None:
        while not _answers(self._children[-1].sock):
            time.sleep(0.05)
        seconds = 2 * self._config.interval
        print(f"\n  Weir is up: {self.url}\n", flush=True)
        print(
            f"  CPU usage rates appear after two sweeps, in {seconds:g} s. Ctrl-C stops.\n",
            flush=True,
        )


class Child:
    """One part in its own process, restarted with growing pauses when it dies."""

    def __init__(self, part: str, sock: socket.socket, arguments: list[str]) -> None:
        self.sock = sock
        self.part = part
        self._command = [sys.executable, "-m", "weir", part, f"--listen=fd:{sock.fileno()}"]
        self._command += arguments
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name=part, daemon=True)
        self.refused = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _supervise(self) -> None:
        pause = 0.5
        while not self._stopping.is_set():
            began = time.monotonic()
            code = self._run_once()
            if self._stopping.is_set():
                return
            if code == REFUSED:
                self.refused = True
                os.kill(os.getpid(), signal.SIGTERM)
                return
            ran = time.monotonic() - began
            pause = 0.5 if ran > LONGEST_PAUSE_SECONDS else min(pause * 2, LONGEST_PAUSE_SECONDS)
            log.warning("%s ended with code %s; starting it again in %g s", self.part, code, pause)
            self._stopping.wait(pause)

    def _run_once(self) -> int:
        # Its own process group: Ctrl-C reaches the supervisor alone, which ends the parts in order.
        process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            stdin=subprocess.PIPE,
            pass_fds=[self.sock.fileno()],
            env=_environment(),
            process_group=0,
        )
        while True:
            try:
                return process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                if self._stopping.is_set():
                    return _end(process)


def _end(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _environment() -> dict[str, str]:
    """Ours, without the settings: what concerns a part is passed to it as flags."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    return kept | {SUPERVISED: "1"}


def _web_arguments(config: UpConfig) -> list[str]:
    names = ("tls_cert", "tls_key", "token_file", "hosts")
    given = {name: getattr(config, name) for name in names}
    return [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value]


def _shown(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _answers(sock: socket.socket) -> bool:
    host, port = sock.getsockname()[:2]
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
