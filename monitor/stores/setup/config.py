"""The options of `weir init-store`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.errors import ConfigError
from monitor.settings import setting
from monitor.stores.config import StoreConfig

_HOURS = {"h": 1, "d": 24, "w": 168}


@dataclass(frozen=True, kw_only=True)
class InitStoreConfig(StoreConfig):
    """Make what the store needs and does not have yet, and try a write and a read.

    What is there already is kept as it is, so that it may run before every start.
    """

    retention: str = setting(
        "30d",
        "how long InfluxDB keeps samples in what is made: hours, days or weeks, such as 12h, 30d"
        " or 4w; inf for ever",
        metavar="DURATION",
    )
    influx_admin_token_file: str = setting(
        "",
        "file with the credentials that may make things in InfluxDB; empty: those in"
        " influx_token_file may",
        metavar="FILE",
    )
    bootstrap: bool = setting(
        False,
        "at InfluxDB's first start: make the secrets whose files do not exist yet, and, where"
        " nobody has an account yet, the accounts with them",
    )
    wait: float = setting(0.0, "seconds to wait for a store that is just starting")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.wait < 0:
            raise ConfigError(f"wait: {self.wait:g} s is less than 0")
        if self.retention != "inf" and self.retention_hours < 1:
            raise ConfigError(
                f"retention: {self.retention!r} is no duration of an hour or more, such as 30d,"
                " 12h or inf"
            )
        if self.bootstrap and not self.influx_token_file:
            raise ConfigError("bootstrap: name the file for the secret by influx_token_file")
        if self.influx_admin_token_file == self.influx_token_file != "":
            raise ConfigError(
                "influx_admin_token_file is the same file as influx_token_file: leave it empty"
            )

    @property
    def retention_hours(self) -> int:
        """Hours; 0 is for ever."""
        found = re.fullmatch("([0-9]{1,5})([hdw])", self.retention)
        return int(found[1]) * _HOURS[found[2]] if found else 0

    @property
    def influx_admin(self) -> tuple[str, str]:
        """The option that names the file with the credentials that may make things; the file."""
        if self.influx_admin_token_file:
            return "influx_admin_token_file", self.influx_admin_token_file
        return "influx_token_file", self.influx_token_file
