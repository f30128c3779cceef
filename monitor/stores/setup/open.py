"""Who sets the configured store up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from monitor.errors import ConfigError
from monitor.stores.setup.config import InitStoreConfig


class Setup(Protocol):
    """Makes what a store needs; making it again changes nothing."""

    def make(self) -> Iterator[str]:
        """Make what is not there yet; says of each thing whether it was. Raises WeirError."""


def open_setup(config: InitStoreConfig) -> Setup:
    """The one for the store that `config` names. Raises ConfigError, StoreUnavailable."""
    if config.directory is not None:
        from monitor.stores.setup.embedded import EmbeddedSetup

        return EmbeddedSetup(config.directory, config.retention_days)
    if config.kind == "victoriametrics":
        from monitor.stores.setup.victoria import VictoriaSetup

        return VictoriaSetup()
    if config.kind != "influxdb":
        raise ConfigError(f"store = {config.store!r}: it can only be read; name one to write to")
    version = _influx_version(config)
    if not version:
        raise ConfigError(
            f"InfluxDB at {config.url} does not tell its version: say 1, 2 or 3 by influx_version"
        )
    if version == "2" and not config.influx_org:
        raise ConfigError("influx_org is empty: InfluxDB 2 needs the name of the organisation")
    if version == "2":
        from monitor.stores.setup.influx2 import Influx2Setup

        return Influx2Setup(config)
    if version == "3":
        from monitor.stores.setup.influx3 import Influx3Setup

        return Influx3Setup(config)
    from monitor.stores.setup.influx1 import Influx1Setup

    return Influx1Setup(config)


def _influx_version(config: InitStoreConfig) -> str:
    from monitor.stores.influx.connection import Connection
    from monitor.stores.influx.versions import version_of

    return version_of(config, Connection(config, token=""))
