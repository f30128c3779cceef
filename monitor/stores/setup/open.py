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
    """The one for the store that `config` names. Raises ConfigError."""
    if config.directory is not None:
        from monitor.stores.setup.embedded import EmbeddedSetup

        return EmbeddedSetup(config.directory, config.retention_days)
    if config.kind == "victoriametrics":
        from monitor.stores.setup.victoria import VictoriaSetup

        return VictoriaSetup()
    if config.kind != "influxdb":
        raise ConfigError(f"store = {config.store!r}: it can only be read; name one to write to")
    if config.influx_version == "2":
        from monitor.stores.setup.influx2 import Influx2Setup

        return Influx2Setup(config)
    if config.influx_version == "3":
        from monitor.stores.setup.influx3 import Influx3Setup

        return Influx3Setup(config)
    from monitor.stores.setup.influx1 import Influx1Setup

    return Influx1Setup(config)
