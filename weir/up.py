"""`weir up`: collector, aggregator and dashboard on this machine, on the embedded store."""

from __future__ import annotations

import logging
import socket
import threading
from dataclasses import dataclass

import urllib3

from collector.config import RUNTIME_STATE
from monitor.errors import ConfigError, WeirError
from monitor.settings import setting, state_directory
from monitor.web.config import ListenConfig, is_loopback
from monitor.web.server import bind
from weir.child import Child

log = logging.getLogger(__name__)


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
    runtime_state: str = setting(
        RUNTIME_STATE,
        "directories in which containerd, CRI-O and podman keep their state, to find names there; "
        "separated by commas, empty for none",
        metavar="DIRS",
    )
    collector_listen: str = setting(
        "127.0.0.1:9180", "address of the collector: its /metrics and its stream"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.interval <= 300:
            raise ConfigError(f"interval: {self.interval} is not between 1 and 300 seconds")
        if not (is_loopback(self.collector_listen) or self.insecure):
            raise ConfigError(
                f"collector-listen: {self.collector_listen} can be reached from other machines; "
                "run `weir collector` apart, with TLS and a token, or say --insecure"
            )


class Supervisor:
    """Starts the three parts, restarts one that dies, ends them all."""

    def __init__(self, config: UpConfig) -> None:
        self._config = config
        self._stopping = threading.Event()
        data = state_directory(config.data)
        try:
            data.mkdir(parents=True, exist_ok=True)
            (data / "store").mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"data: {data}: {error.strerror}; choose another with --data"
            ) from None
        web = _listening(config.listen)
        node = _listening(config.collector_listen)
        pipe = _listening("127.0.0.1:0")
        insecure = ["--insecure"] if config.insecure else []
        store = f"--store=sqlite:{data / 'store'}"
        self._collector_url = f"http://{_shown(node)}"
        self.url = f"{'https' if config.tls_cert else 'http'}://{_shown(web)}"
        self._children = [
            Child(
                "collector",
                node,
                [
                    f"--data={data / 'collector'}",
                    f"--interval={config.interval}",
                    f"--docker={config.docker}",
                    f"--runtime-state={config.runtime_state}",
                    *insecure,
                ],
            ),
            Child(
                "aggregator",
                pipe,
                [
                    f"--nodes={self._collector_url}",
                    f"--poll={min(1.0, config.interval / 2)}",
                    f"--data={data / 'aggregator'}",
                    store,
                ],
            ),
            Child(
                "dashboard",
                web,
                [store, f"--refresh={config.interval}", *insecure, *_web_arguments(config)],
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
        self._stopping.set()
        for child in reversed(self._children):
            child.stop()
        refused = [child.part for child in self._children if child.refused]
        if refused:
            raise WeirError(f"{refused[0]} cannot run as it is told to; its line above says why")

    def _announce(self) -> None:
        pool = urllib3.PoolManager(cert_reqs="CERT_NONE", timeout=10, retries=False)
        for url in (self._collector_url, self.url):
            while not _answers(pool, f"{url}/healthz"):
                if self._stopping.wait(0.2):
                    return
        seconds = 2 * self._config.interval
        print(f"\n  Weir is up: {self.url}\n", flush=True)
        print(
            f"  CPU usage rates appear after two sweeps, in {seconds:g} s. Ctrl-C stops.\n",
            flush=True,
        )


def _web_arguments(config: UpConfig) -> list[str]:
    names = ("tls_cert", "tls_key", "token_file", "hosts")
    given = {name: getattr(config, name) for name in names}
    return [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value]


def _shown(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _listening(address: str) -> socket.socket:
    """A socket that queues callers until its part has started, and while it starts again."""
    sock = bind(address)
    sock.listen(128)
    return sock


def _answers(pool: urllib3.PoolManager, url: str) -> bool:
    try:
        pool.request("GET", url)
    except urllib3.exceptions.HTTPError:
        return False
    return True
