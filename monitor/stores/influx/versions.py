"""Which InfluxDB it is: as configured, or as it says itself."""

from __future__ import annotations

from monitor.stores.config import StoreConfig
from monitor.stores.influx.connection import Connection

_HEADER = "X-Influxdb-Version"


def version_of(config: StoreConfig, connection: Connection) -> str:
    """1, 1.8, 2 or 3; with `auto` as the server says, "" if it says nothing.

    Raises StoreUnavailable when it has to be asked and is away.
    """
    if config.influx_version != "auto":
        return config.influx_version
    return family(told_by(connection))


def told_by(connection: Connection) -> str:
    """What the server says of its version, such as `1.6.7` or `v2.7.1`; "" if it says nothing.

    That it answers here says nothing about its health: with a full disk it does so too.
    """
    return connection.headers("/ping").get(_HEADER, "")


def family(told: str) -> str:
    """1, 2 or 3; "" for what says nothing, as InfluxDB's clouds and some proxies do."""
    major = told.lstrip("v").partition(".")[0]
    return major if major in ("1", "2", "3") else ""
