"""Which store, and how to reach it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from monitor.errors import ConfigError
from monitor.settings import secret_in, setting

_KINDS = ("sqlite", "influxdb", "victoriametrics", "promql")
_VERSIONS = ("auto", "1", "1.8", "2", "3")


@dataclass(frozen=True)
class StoreConfig:
    """The settings of a store; raises ConfigError for what cannot be.

    A token itself is never kept here: `influx_token()` and `store_token()` read it when a store is
    opened.
    """

    store: str = setting(
        "sqlite:data/store",
        "where samples are kept: sqlite:DIRECTORY (nothing else needed), influxdb:URL, such as"
        " influxdb:http://127.0.0.1:8086, or victoriametrics:URL, such as"
        " victoriametrics:http://127.0.0.1:8428; promql:URL (Prometheus, Mimir, Thanos) can only be"
        " read",
        metavar="STORE",
    )
    retention_days: int = setting(
        7, "whole days that the sqlite store keeps beside the present one", metavar="DAYS"
    )
    store_timeout: float = setting(
        30.0, "seconds that one write to a store over HTTP, or one read from it, may take in all"
    )
    influx_version: str = setting(
        "auto",
        "InfluxDB's version: auto (it is asked), 1 (written through /write, as is what does not"
        " tell its version), or 1.8, 2, 3 (through /api/v2/write)",
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

    promql_url: str = setting(
        "",
        "where VictoriaMetrics is read, if elsewhere than it is written: a cluster's"
        " http://VMSELECT:8481/select/0/prometheus",
        metavar="URL",
    )
    store_watch: str = setting(
        "",
        "addresses of VictoriaMetrics' processes whose /metrics tell of a restart and of dropped"
        " rows, comma-separated; empty: that of the store. Of a cluster name vminsert and every"
        " vmstorage",
        metavar="URLS",
    )
    store_token_file: str = setting(
        "",
        "file with the token, or user:password, for VictoriaMetrics or a promql store; empty: none",
        metavar="FILE",
    )
    store_ca: str = setting(
        "",
        "file with the certificates (PEM) that VictoriaMetrics' or a promql store's is checked by",
        metavar="FILE",
    )
    store_tenant: str = setting(
        "", "tenant of a promql store (X-Scope-OrgID); empty: none is named", metavar="NAME"
    )

    def __post_init__(self) -> None:
        if self.kind not in _KINDS or not self.place:
            raise ConfigError(
                f"store = {self.store!r}: it has to be sqlite:DIRECTORY, influxdb:http://HOST:8086,"
                " victoriametrics:http://HOST:8428 or promql:http://HOST:9090"
            )
        if self.kind != "sqlite":
            _check_address(
                "store",
                self.place,
                "influx_token_file" if self.kind == "influxdb" else "store_token_file",
            )
        if self.kind == "influxdb":
            self._check_influx()
        for name, urls in (("promql_url", [self.promql_url]), ("store_watch", self.watch_urls)):
            for url in filter(None, urls):
                _check_address(name, url, "store_token_file")
        if not 0.1 <= self.store_timeout <= 600:
            raise ConfigError(f"store_timeout = {self.store_timeout:g}: between 0.1 and 600 s")
        if self.retention_days < 1:
            raise ConfigError(f"retention_days = {self.retention_days}: at least 1")

    def _check_influx(self) -> None:
        if self.influx_version not in _VERSIONS:
            raise ConfigError(
                f"influx_version = {self.influx_version!r}: one of {', '.join(_VERSIONS)}"
            )
        if not self.influx_database:
            raise ConfigError("influx_database is empty: name the database or bucket")
        if self.influx_version == "2" and not self.influx_org:
            raise ConfigError("influx_org is empty: InfluxDB 2 needs the name of the organisation")

    @property
    def kind(self) -> str:
        """sqlite, influxdb, victoriametrics or promql."""
        return self.store.partition(":")[0]

    @property
    def place(self) -> str:
        """The embedded store's directory, or the address of another without a slash at its end."""
        place = self.store.partition(":")[2]
        return place if self.kind == "sqlite" else place.rstrip("/")

    @property
    def keeps_text(self) -> bool:
        """Whether there are texts in the store, such as a container's image, or numbers only."""
        return self.kind in ("sqlite", "influxdb")

    @property
    def directory(self) -> Path | None:
        """The embedded store's directory, None for another store."""
        return Path(self.place) if self.kind == "sqlite" else None

    @property
    def url(self) -> str | None:
        """InfluxDB's address without a slash at its end, None for another store."""
        return self.place if self.kind == "influxdb" else None

    @property
    def read_url(self) -> str:
        """Where a store that speaks PromQL is read. Raises ConfigError if that is not said."""
        if self.kind == "victoriametrics" and not self.promql_url and "/insert/" in self.place:
            raise ConfigError(
                "promql_url is empty: a cluster is read elsewhere than it is written, such as"
                " http://VMSELECT:8481/select/0/prometheus"
            )
        return self.promql_url.rstrip("/") or self.place

    @property
    def watch_urls(self) -> list[str]:
        """The addresses of `store_watch`, each once."""
        given = (url.strip().rstrip("/") for url in self.store_watch.split(","))
        return list(dict.fromkeys(url for url in given if url))

    def influx_token(self) -> str:
        """The secret in `influx_token_file`, "" if there is none. Raises ConfigError."""
        return secret_in("influx_token_file", self.influx_token_file)

    def store_token(self) -> str:
        """The secret in `store_token_file`, "" if there is none. Raises ConfigError."""
        return secret_in("store_token_file", self.store_token_file)


def _check_address(name: str, address: str, token_file: str) -> None:
    try:
        url = urlsplit(address)
        plain = url.hostname and url.port != 0 and not url.query
    except ValueError:
        raise ConfigError(f"{name}: {address!r} is no http:// or https:// address") from None
    if url.scheme not in ("http", "https") or not plain:
        raise ConfigError(f"{name}: {url.hostname or address!r} is no http:// or https:// address")
    if url.username or url.password:
        raise ConfigError(
            f"{name}: the address must not carry a user or password, which others could see:"
            f" put user:password into a file and name it by {token_file}"
        )
