"""InfluxDB 1.x: database, retention policy, and the users of a first start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monitor.errors import ConfigError, StoreForbidden
from monitor.settings import secret_in
from monitor.stores.influx.connection import Connection
from monitor.stores.influx.influxql import identifier, string
from monitor.stores.influx.statements import kept_for, rows, run
from monitor.stores.setup import secrets
from monitor.stores.setup.config import InitStoreConfig

_ADMIN, _USER = "weir-admin", "weir"
_NOBODY_YET = "create admin user first"


class Influx1Setup:
    """Makes things by InfluxQL."""

    def __init__(self, config: InitStoreConfig) -> None:
        self._config = config

    def make(self) -> Iterator[str]:
        """See `monitor.stores.setup.open.Setup`."""
        config = self._config
        if config.bootstrap:
            yield from self._admin()
        admin = self._connection(secret_in(*config.influx_admin))
        yield from self._database(admin)
        if config.bootstrap and config.influx_admin_token_file:
            yield from self._user(admin)

    def _admin(self) -> Iterator[str]:
        """The first user; InfluxDB lets anybody make it while there is none."""
        setting, file = self._config.influx_admin
        anybody = self._connection("")
        try:
            users = {name for name, *_ in rows(anybody, "SHOW USERS")}
        except StoreForbidden as error:
            if _NOBODY_YET not in str(error):
                if not Path(file).exists():
                    raise ConfigError(
                        f"{setting} {file} does not exist, and InfluxDB has users already: write"
                        " user:password of one that may make databases into it"
                    ) from None
                return
            users = set()
        else:
            yield "InfluxDB lets everybody in: set auth-enabled = true in its [http] section"
        name = _ADMIN if self._config.influx_admin_token_file else _USER
        yield from _kept(Path(file), name)
        name, password = _pair(setting, file)
        if name not in users:
            run(anybody, f"CREATE USER {_credentials(name, password)} WITH ALL PRIVILEGES")
            yield f"user {name} made, who may do everything; user:password stand in {file}"

    def _user(self, admin: Connection) -> Iterator[str]:
        """The user for writing and reading, whose rights end at the database."""
        file = self._config.influx_token_file
        users = {name for name, *_ in rows(admin, "SHOW USERS")}
        if not Path(file).exists() and _USER in users:
            raise ConfigError(
                f"influx_token_file {file} does not exist, but the user {_USER} does: write"
                f" {_USER}:password into the file, or DROP USER {_USER} and run this again"
            )
        yield from _kept(Path(file), _USER)
        name, password = _pair("influx_token_file", file)
        database = self._config.influx_database
        if name not in users:
            run(admin, f"CREATE USER {_credentials(name, password)}")
            yield (
                f"user {name} made, who may read and write {database}; user:password stand in"
                f" {file}"
            )
        run(admin, f"GRANT ALL ON {identifier(database)} TO {identifier(name)}")

    def _database(self, admin: Connection) -> Iterator[str]:
        name, policy = self._config.influx_database, self._config.influx_retention_policy
        hours = self._config.retention_hours
        duration = f"{hours}h" if hours else "INF"
        if (name,) not in rows(admin, "SHOW DATABASES"):
            named = f" NAME {identifier(policy)}" if policy else ""
            run(admin, f"CREATE DATABASE {identifier(name)} WITH DURATION {duration}{named}")
            yield f"database {name} made, which keeps samples {kept_for(duration)}"
            return
        policies = rows(admin, f"SHOW RETENTION POLICIES ON {identifier(name)}")
        for found, kept, *_, default in policies:
            if found == policy or (default and not policy):
                yield (
                    f"database {name} exists already, kept as it is; its retention policy {found}"
                    f" keeps samples {kept_for(kept)}"
                )
                return
        if not policy:
            raise ConfigError(
                f"database {name} has no default retention policy: name one by"
                " influx_retention_policy"
            )
        on = f"{identifier(policy)} ON {identifier(name)}"
        run(admin, f"CREATE RETENTION POLICY {on} DURATION {duration} REPLICATION 1")
        yield (
            f"database {name} exists already; retention policy {policy} made, which keeps samples"
            f" {kept_for(duration)}"
        )

    def _connection(self, token: str) -> Connection:
        return Connection(self._config, token)


def _kept(file: Path, user: str) -> Iterator[str]:
    if not file.exists():
        secrets.keep(file, lambda: f"{user}:{secrets.generated()}")
        yield f"secret made: {file}"


def _pair(setting: str, file: str) -> tuple[str, str]:
    name, colon, password = secret_in(setting, file).partition(":")
    if not name or not colon or not password:
        raise ConfigError(f"{setting} {file}: InfluxDB 1 needs user:password in it")
    return name, password


def _credentials(name: str, password: str) -> str:
    return f"{identifier(name)} WITH PASSWORD {string(password)}"
