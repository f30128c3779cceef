"""Which store, and how to reach it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from monitor.errors import ConfigError
from monitor.settings import setting

_VERSIONS = ("1", "1.8", "2", "3")


@dataclass(frozen=True)
class StoreConfig:
    """The settings of a store; raises ConfigError for what cannot be.

    The token itself is never kept here: `influx_token()` reads it when a store is opened.
    """

    store: str = setting(
        "sqlite:data/store",
        "where samples are kept: sqlite:DIRECTORY (nothing else needed) or influxdb:URL,"
        " such as influxdb:http://127.0.0.1:8086",
        metavar="STORE",
    )
    retention_days: int = setting(
        7, "whole days that the sqlite store keeps beside the present one", metavar="DAYS"
    )
    store_timeout: float = setting(
        30.0, "seconds that one write to a store over HTTP, or one read from it, may take in all"
    )
    influx_version: str = setting(
        "1",
        "InfluxDB's version: 1 (before 1.8, written through /write) or 1.8, 2, 3"
        " (through /api/v2/write)",
        metavar="VERSION",
    )
    influx_database: str = setting(
        "weir", "InfluxDB's database, or bucket from version 2 on", metavar="NAME"
    )
    influx_retention_policy: str = setting(
        "", "InfluxDB 1's retention policy; empty: the database's default", metavar="NAME"
    )
    influx_org: str = setting("", "InfluxDB 2's organisation", metavar="NAME")
    influx_token_file: str = setting(
        "",
        "file with InfluxDB's token, or with user:password for version 1; empty: none",
        metavar="FILE",
    )
    influx_ca: str = setting(
        "", "file with the certificates (PEM) that InfluxDB's is checked by", metavar="FILE"
    )

    def __post_init__(self) -> None:
        kind, _, place = self.store.partition(":")
        if kind not in ("sqlite", "influxdb") or not place:
            raise ConfigError(
                f"store = {self.store!r}: it has to be sqlite:DIRECTORY or influxdb:http://HOST:8086"
            )
        if kind == "influxdb":
            self._check_influx(place)
        if not 0.1 <= self.store_timeout <= 600:
            raise ConfigError(f"store_timeout = {self.store_timeout:g}: between 0.1 and 600 s")
        if self.retention_days < 1:
            raise ConfigError(f"retention_days = {self.retention_days}: at least 1")

    def _check_influx(self, place: str) -> None:
        url = urlsplit(place)
        if url.scheme not in ("http", "https") or not url.hostname or url.query:
            raise ConfigError(f"store: {url.hostname or place!r} is no http:// or https:// address")
        if url.username or url.password:
            raise ConfigError(
                "store: the address must not carry a user or password, which others could see:"
                " put user:password into a file and name it by influx_token_file"
            )
        if self.influx_version not in _VERSIONS:
            raise ConfigError(
                f"influx_version = {self.influx_version!r}: one of {', '.join(_VERSIONS)}"
            )
        if not self.influx_database:
            raise ConfigError("influx_database is empty: name the database or bucket")
        if self.influx_version == "2" and not self.influx_org:
            raise ConfigError("influx_org is empty: InfluxDB 2 needs the name of the organisation")

    @property
    def directory(self) -> Path | None:
        """The embedded store's directory, None for another store."""
        kind, _, place = self.store.partition(":")
        return Path(place) if kind == "sqlite" else None

    @property
    def url(self) -> str | None:
        """InfluxDB's address without a slash at its end, None for another store."""
        kind, _, place = self.store.partition(":")
        return place.rstrip("/") if kind == "influxdb" else None

    def influx_token(self) -> str:
        """The secret in `influx_token_file`, "" if there is none. Raises ConfigError."""
        return secret_in("influx_token_file", self.influx_token_file)


def secret_in(setting: str, file: str) -> str:
    """The one line in the file that a setting names; "" where it names none. Raises ConfigError."""
    if not file:
        return ""
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{setting} {file} cannot be read: {reason}") from None
    if not secret or "\n" in secret:
        raise ConfigError(f"{setting} {file} has to be one line")
    return secret
