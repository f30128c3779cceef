"""InfluxDB 3 Core and Enterprise: database, and the administrator's token of a first start.

Clustered and Cloud Dedicated make databases by influxctl only: what counts there is the trial.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from monitor.errors import ConfigError, StoreError, StoreMissing, StoreRejected
from monitor.settings import secret_in
from monitor.stores.influx.connection import Connection
from monitor.stores.setup import secrets
from monitor.stores.setup.config import InitStoreConfig

_JSON = {"Content-Type": "application/json"}


class Influx3Setup:
    """Makes things by `/api/v3/configure`."""

    def __init__(self, config: InitStoreConfig) -> None:
        self._config = config

    def make(self) -> Iterator[str]:
        """See `monitor.stores.setup.open.Setup`."""
        config = self._config
        setting, file = config.influx_admin
        if config.bootstrap and not Path(file).exists():
            secrets.keep(Path(file), lambda: self._administrator(setting, file))
            yield f"the administrator's token made: {file}"
        admin = secret_in(setting, file)
        yield self._database(Connection(config, admin))
        if config.bootstrap and not Path(config.influx_token_file).exists():
            secrets.keep(Path(config.influx_token_file), lambda: admin)
            yield f"{config.influx_token_file} holds the same token: InfluxDB 3 Core has no lesser"

    def _administrator(self, setting: str, file: str) -> str:
        """The token that InfluxDB gives once."""
        try:
            answer = Connection(self._config, "").request(
                "POST", "/api/v3/configure/token/admin", {}, {}, _JSON
            )
            return str(json.loads(answer.read())["token"])
        except (StoreError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{setting} {file} does not exist, and InfluxDB gives no new token ({error}): write"
                " one that may make databases into it"
            ) from None

    def _database(self, admin: Connection) -> str:
        name, hours = self._config.influx_database, self._config.retention_hours
        wanted = {"db": name} | ({"retention_period": f"{hours}h"} if hours else {})
        try:
            admin.request("POST", "/api/v3/configure/database", {}, wanted, _JSON).drain_conn()
        except StoreMissing:
            return (
                f"this InfluxDB makes databases by influxctl or its web page: {name} is expected to"
                " be there"
            )
        except StoreRejected as error:
            if "exist" not in str(error):
                raise
            return f"database {name} exists already, kept as it is"
        kept = f"for {hours} hours" if hours else "for ever"
        return f"database {name} made, which keeps samples {kept}"
