"""Opens the store that the configuration names, importing that one only."""

from __future__ import annotations

import time

from monitor.stores.config import StoreConfig
from monitor.stores.protocols import Reader, Writer


def open_writer(config: StoreConfig) -> Writer:
    """A writer that threads may share. Does not reach for the store yet. Raises ConfigError."""
    if config.directory is not None:
        from monitor.stores.embedded.writer import EmbeddedWriter

        return EmbeddedWriter(config.directory, config.retention_days, time.time_ns)
    from monitor.stores.influx.writer import InfluxWriter

    return InfluxWriter(config)


def open_reader(config: StoreConfig) -> Reader:
    """A reader that threads may share. Does not reach for the store yet. Raises ConfigError."""
    if config.directory is not None:
        from monitor.stores.embedded.reader import EmbeddedReader

        return EmbeddedReader(config.directory)
    from monitor.stores.influx.reader import InfluxReader

    return InfluxReader(config)
