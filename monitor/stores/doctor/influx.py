"""InfluxDB: version, credentials, clock, retention, number of series."""

from __future__ import annotations

import time
from collections.abc import Iterator

from monitor.errors import StoreError, StoreForbidden
from monitor.findings import Finding
from monitor.stores.config import StoreConfig
from monitor.stores.doctor.clock import clock
from monitor.stores.influx import versions
from monitor.stores.influx.connection import Connection
from monitor.stores.influx.influxql import identifier
from monitor.stores.influx.statements import kept_for, rows, run

_AREA = "the store"
_MANY_SERIES = 0.8


def influx(config: StoreConfig) -> Iterator[Finding]:
    """What every version tells, and what 1.x tells beyond that. Raises StoreError."""
    connection = Connection(config)
    told = versions.told_by(connection)
    yield _version(config, told)
    yield _clock(connection)
    if versions.family(told) != "1":
        yield Finding(_AREA, "retention, series", "none", "only InfluxDB 1 tells them to InfluxQL")
        return
    yield _credentials(config)
    yield _retention(config, connection)
    yield _series(config, connection)


def _version(config: StoreConfig, told: str) -> Finding:
    known = told.lstrip("v") or "a version that it does not tell"
    way = versions.family(told)
    if config.influx_version == "auto":
        spoken = f"spoken to as {way}" if way else "written through /write"
        return Finding(_AREA, "version", "ok", f"InfluxDB {known}, {spoken}")
    why = f"InfluxDB {known}, configured as {config.influx_version}"
    if told and config.influx_version[0] != way:
        remedy = f"set influx_version to auto or {way}"
        return Finding(_AREA, "version", "no", why, remedy)
    return Finding(_AREA, "version", "ok", why)


def _clock(connection: Connection) -> Finding:
    """Its clock beside ours, to the second in which it wrote its answer."""
    before = time.time()
    date = connection.headers("/ping").get("Date", "")
    after = time.time()
    return clock(_AREA, date, before, after)


def _credentials(config: StoreConfig) -> Finding:
    try:
        rows(Connection(config, token=""), "SHOW DATABASES")
    except StoreForbidden:
        return Finding(_AREA, "credentials", "ok", "nobody gets in without")
    why = "it lets everybody in, to read, to write and to drop"
    remedy = "set auth-enabled = true in its [http] section; weir init-store --bootstrap"
    return Finding(_AREA, "credentials", "partly", why, remedy, needed=False)


def _retention(config: StoreConfig, connection: Connection) -> Finding:
    wanted = config.influx_retention_policy
    for name, duration, _, _, default in rows(
        connection, f"SHOW RETENTION POLICIES ON {identifier(config.influx_database)}"
    ):
        if name == wanted or (default and not wanted):
            why = f"policy {name} keeps samples {(kept := kept_for(duration))}"
            if kept != "for ever":
                return Finding(_AREA, "retention", "ok", why)
            remedy = f"the disk will be full one day: ALTER RETENTION POLICY {name} … DURATION 30d"
            return Finding(_AREA, "retention", "partly", why, remedy, needed=False)
    return Finding(
        _AREA, "retention", "no", f"there is no policy {wanted or 'by default'}", "weir init-store"
    )


def _series(config: StoreConfig, connection: Connection) -> Finding:
    """How many there are, and how many there may be, which it tells administrators only."""
    on = identifier(config.influx_database)
    try:
        counted = rows(connection, f"SHOW SERIES CARDINALITY ON {on}")
    except StoreError as error:
        return Finding(_AREA, "series", "none", f"it does not count them: {error}")
    series = int(counted[0][0]) if counted else 0
    most = _most_series(connection)
    if not most:
        return Finding(_AREA, "series", "ok", f"about {series:,}")
    why = f"about {series:,} of {most:,} (max-series-per-database, which limits the index inmem)"
    if series < _MANY_SERIES * most:
        return Finding(_AREA, "series", "ok", why)
    remedy = "beyond, it refuses new ones: set index-version = tsi1, or a lesser --max-series"
    return Finding(_AREA, "series", "partly", why, remedy)


def _most_series(connection: Connection) -> int:
    """The limit; 0 if there is none, or it is not for us to know."""
    try:
        told = run(connection, "SHOW DIAGNOSTICS")
    except StoreError:
        return 0
    for part in told:
        if part["name"] == "config-data":
            settings = dict(zip(part["columns"], part["values"][0], strict=True))
            return int(settings.get("max-series-per-database", 0))
    return 0
