"""The aggregator's settings, checked once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from monitor.edgelog.consumers import check_name
from monitor.errors import BadRequest, ConfigError
from monitor.settings import setting, state_directory
from monitor.stores.config import StoreConfig
from monitor.stream import wire
from monitor.web.config import ListenConfig


@dataclass(frozen=True, kw_only=True)
class AggregatorConfig(ListenConfig, StoreConfig):
    """Pulls the logs of a list of nodes and writes them to a store."""

    listen: str = setting("127.0.0.1:9181", "address to listen on; port 0 picks a free one")
    nodes: str = setting(
        "http://127.0.0.1:9180", "addresses of the collectors, comma-separated", metavar="URLS"
    )
    consumer: str = setting(
        "aggregator", "name under which the nodes remember what this store has; one for each store"
    )
    poll: float = setting(2.0, "seconds between two pulls of a node that has nothing more")
    workers: int = setting(64, "nodes that are pulled at the same time")
    batch_bytes: int = setting(256 * 1024, "compressed bytes that one pull asks for")
    write_bytes: int = setting(
        1024 * 1024, "compressed bytes that one write of several nodes' answers may have"
    )
    writers: int = setting(2, "writes to the store at the same time")
    in_flight_bytes: int = setting(
        16 * 1024 * 1024,
        "compressed bytes that all pulls and bodies on their way to the store may have together",
    )
    timeout: float = setting(10.0, "seconds that one pull may take in all")
    node_token_file: str = setting("", "file with the token that the collectors ask for")
    node_ca: str = setting("", "certificates (PEM) by which the collectors' are checked")
    data: str = setting(
        "",
        "directory for what the store refuses (quarantine); empty: /var/lib/weir/aggregator for "
        "root, ~/.local/share/weir/aggregator for others",
    )

    def __post_init__(self) -> None:
        ListenConfig.__post_init__(self)
        StoreConfig.__post_init__(self)
        try:
            check_name(self.consumer)
        except BadRequest as error:
            raise ConfigError(f"consumer: {error}: {error.hint}") from None
        _between("poll", self.poll, 0.05, 3600)
        _between("workers", self.workers, 1, 256)
        _between("batch-bytes", self.batch_bytes, 1024, wire.MAX_BYTES)
        _between("write-bytes", self.write_bytes, 1024, 64 << 20)
        _between("writers", self.writers, 1, 64)
        _between("in-flight-bytes", self.in_flight_bytes, self.batch_bytes, 1 << 32)
        _between("timeout", self.timeout, 0.5, 300)
        if not self.node_urls:
            raise ConfigError("nodes: names no collector; give at least one http://HOST:PORT")
        if self.node_token_file and not self.insecure:
            self._check_that_token_stays_secret()

    @property
    def node_urls(self) -> tuple[str, ...]:
        """Each node's address once, without a slash at its end. Raises ConfigError."""
        given = (url.strip().rstrip("/") for url in self.nodes.split(","))
        return tuple(dict.fromkeys(_node(url) for url in given if url))

    @property
    def quarantine(self) -> Path:
        """The directory for what the store refuses."""
        return state_directory(self.data, "aggregator") / "quarantine"

    @property
    def store_config(self) -> StoreConfig:
        """The store's settings alone."""
        return StoreConfig(
            **{field.name: getattr(self, field.name) for field in fields(StoreConfig)}
        )

    def node_token(self) -> str:
        """The token for the nodes; "" for none. Raises ConfigError."""
        if not self.node_token_file:
            return ""
        try:
            token = Path(self.node_token_file).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"node-token-file: {self.node_token_file}: {error}") from None
        if not token or not token.isprintable():
            raise ConfigError(f"node-token-file: {self.node_token_file} has to be one line")
        return token

    def _check_that_token_stays_secret(self) -> None:
        for url in self.node_urls:
            parts = urlsplit(url)
            loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
            if parts.scheme == "http" and not loopback:
                raise ConfigError(
                    f"nodes: {url} would be sent the token in the clear; "
                    "use https, or say --insecure"
                )


def _node(url: str) -> str:
    try:
        parts = urlsplit(url)
        plain = parts.hostname and parts.port != 0 and not (parts.username or parts.password)
    except ValueError:
        raise ConfigError(f"nodes: {url!r} is no address; give http://HOST:PORT") from None
    if parts.username or parts.password:
        raise ConfigError(f"nodes: {parts.hostname}: no password in an address; node-token-file")
    if parts.scheme not in ("http", "https") or not plain or parts.query or parts.fragment:
        raise ConfigError(f"nodes: {url!r} is no address of a collector; give http://HOST:PORT")
    return url


def _between(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{name}: {value:g} is not between {least:g} and {most:g}")
