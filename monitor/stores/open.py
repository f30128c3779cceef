"""Opens the store that the configuration names, importing that one only."""

from __future__ import annotations

import time
from pathlib import Path

from monitor.errors import ConfigError
from monitor.stores.config import StoreConfig
from monitor.stores.protocols import Reader, Writer


def open_writer(config: StoreConfig) -> Writer:
    """A writer that threads may share. Does not reach for the store yet. Raises ConfigError."""
    match config.kind:
        case "sqlite":
            from monitor.stores.embedded.writer import EmbeddedWriter

            return EmbeddedWriter(Path(config.place), config.retention_days, time.time_ns)
        case "influxdb":
            from monitor.stores.influx.writer import InfluxWriter

            return InfluxWriter(config)
        case "victoriametrics":
            from monitor.stores.victoria.writer import VictoriaWriter

            return VictoriaWriter(config)
    raise ConfigError(
        f"store = {config.store!r}: it can only be read; write to victoriametrics:URL, influxdb:URL"
        " or sqlite:DIRECTORY"
    )


def open_reader(config: StoreConfig) -> Reader:
    """A reader that threads may share. Does not reach for the store yet. Raises ConfigError."""
    match config.kind:
        case "sqlite":
            from monitor.stores.embedded.reader import EmbeddedReader

            return EmbeddedReader(Path(config.place))
        case "influxdb":
            from monitor.stores.influx.reader import InfluxReader

            return InfluxReader(config)
    from monitor.stores.promql.reader import PromqlReader
    from monitor.stores.promql.server import Server

    if config.kind == "victoriametrics":
        from monitor.stores.victoria.export import Export

        return PromqlReader(Export(Server("VictoriaMetrics", config.read_url, config)))
    from monitor.stores.promql.instant import InstantQuery

    return PromqlReader(InstantQuery(Server("the PromQL store", config.read_url, config)))
