"""The aggregator's settings, checked once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from monitor.aggregator.discovery.config import DiscoveryConfig
from monitor.edgelog.consumers import check_name
from monitor.errors import BadRequest, ConfigError
from monitor.settings import setting, state_directory
from monitor.stores.config import StoreConfig
from monitor.stream import wire


@dataclass(frozen=True, kw_only=True)
class AggregatorConfig(DiscoveryConfig, StoreConfig):
    """Pulls the logs of all nodes that it finds and writes them to a store."""

    listen: str = setting("127.0.0.1:9181", "address to listen on; port 0 picks a free one")
    consumer: str = setting(
        "aggregator", "name under which the nodes remember what this store has; one for each store"
    )
    poll: float = setting(
        2.0, "seconds between two pulls of a node whose next record is not foreseen from its pace"
    )
    workers: int = setting(
        48, "nodes that are pulled at the same time; more where the way to them is long"
    )
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
    data: str = setting(
        "",
        "directory for what the store refuses (quarantine); empty: /var/lib/weir/aggregator for "
        "root, ~/.local/share/weir/aggregator for others",
    )

    def __post_init__(self) -> None:
        DiscoveryConfig.__post_init__(self)
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


def _between(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{name}: {value:g} is not between {least:g} and {most:g}")
