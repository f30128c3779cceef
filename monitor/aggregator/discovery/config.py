"""The settings of where the nodes are found, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.aggregator.discovery.address import check_url, in_the_clear
from monitor.aggregator.discovery.shard import Shard
from monitor.errors import ConfigError
from monitor.settings import secret_in, setting
from monitor.web.config import ListenConfig

HERE = "http://127.0.0.1:9180"
"""The node where none is named: a collector on this machine."""

_KINDS_OF_FILES = (".json", ".yml", ".yaml")


@dataclass(frozen=True, kw_only=True)
class DiscoveryConfig(ListenConfig):
    """Where the nodes are found; several sources may be used together."""

    nodes: str = setting(
        "",
        f"addresses of the collectors, comma-separated; {HERE} where nothing names any",
        metavar="URLS",
    )
    nodes_file: str = setting(
        "",
        "files that name collectors in Prometheus' file_sd format (.json, .yml, .yaml), "
        "comma-separated, * for several; read again when they change",
        metavar="FILES",
    )
    nodes_http: str = setting(
        "",
        "addresses, comma-separated, that name collectors in Prometheus' http_sd format",
        metavar="URLS",
    )
    nodes_http_token_file: str = setting("", "file with the token that nodes-http asks for")
    nodes_http_ca: str = setting("", "certificates (PEM) by which that of nodes-http is checked")
    nodes_dns: str = setting(
        "",
        "names in DNS, comma-separated: HOST:PORT for all addresses of the host (A, or AAAA where "
        "it has no A), _SERVICE._PROTOCOL.DOMAIN for SRV records",
        metavar="NAMES",
    )
    nodes_scheme: str = setting("http", "http or https, for addresses that are found without")
    nodes_refresh: float = setting(
        30.0, "seconds between two questions to nodes-http and nodes-dns"
    )
    shard: str = setting(
        "", "I/N: pull only part I, counted from 0, of N parts of all nodes", metavar="I/N"
    )
    node_token_file: str = setting("", "file with the token that the collectors ask for")
    node_ca: str = setting("", "certificates (PEM) by which the collectors' are checked")

    def __post_init__(self) -> None:
        ListenConfig.__post_init__(self)
        if not (self.node_urls or self.is_discovering):
            raise ConfigError("nodes: names no collector; give at least one http://HOST:PORT")
        if self.nodes_scheme not in ("http", "https"):
            raise ConfigError(f"nodes-scheme: {self.nodes_scheme!r} is not http or https")
        if not 1 <= self.nodes_refresh <= 3600:
            raise ConfigError(f"nodes-refresh: {self.nodes_refresh:g} s is not between 1 and 3600")
        Shard.parse(self.shard)
        for pattern in self.file_patterns:
            if not pattern.endswith(_KINDS_OF_FILES):
                raise ConfigError(f"nodes-file: {pattern} does not end in .json, .yml or .yaml")
        for name in self.dns_names:
            _check_name(name)
        for url in self.http_urls:
            _check_source(url)
        if not self.insecure:
            self._check_that_tokens_stay_secret()

    @property
    def node_urls(self) -> tuple[str, ...]:
        """Each address of `nodes` once, without a slash at its end. Raises ConfigError."""
        if not self.nodes:
            return () if self.is_discovering else (HERE,)
        urls = [url.rstrip("/") for url in _listed(self.nodes)]
        try:
            return tuple(dict.fromkeys(map(check_url, urls)))
        except ValueError as error:
            raise ConfigError(f"nodes: {error}") from None

    @property
    def is_discovering(self) -> bool:
        """Whether there is a source beside `nodes`."""
        return bool(self.nodes_file or self.nodes_http or self.nodes_dns)

    @property
    def file_patterns(self) -> tuple[str, ...]:
        """Each of `nodes_file`."""
        return _listed(self.nodes_file)

    @property
    def http_urls(self) -> tuple[str, ...]:
        """Each of `nodes_http`."""
        return _listed(self.nodes_http)

    @property
    def dns_names(self) -> tuple[str, ...]:
        """Each of `nodes_dns`."""
        return _listed(self.nodes_dns)

    def node_token(self) -> str:
        """The token for the nodes; "" for none. Raises ConfigError."""
        return _token("node-token-file", self.node_token_file)

    def nodes_http_token(self) -> str:
        """The token for nodes_http; "" for none. Raises ConfigError."""
        return _token("nodes-http-token-file", self.nodes_http_token_file)

    def _check_that_tokens_stay_secret(self) -> None:
        for name, file, urls in (
            ("nodes", self.node_token_file, self.node_urls),
            ("nodes-http", self.nodes_http_token_file, self.http_urls),
        ):
            for url in filter(in_the_clear, urls if file else ()):
                raise ConfigError(
                    f"{name}: {url} would be sent the token in the clear; "
                    "use https, or say --insecure"
                )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for each in text.split(",") if (part := each.strip())))


def _check_source(url: str) -> None:
    try:
        check_url(url.partition("?")[0])
    except ValueError as error:
        raise ConfigError(f"nodes-http: {error}") from None
    if not url.isascii() or not url.isprintable() or " " in url or urlsplit(url).fragment:
        raise ConfigError(f"nodes-http: {url!r} is no address; give http://HOST:PORT/PATH")


def _check_name(name: str) -> None:
    host, _, port = name.rpartition(":")
    if name.startswith("_"):
        is_right = "." in name and ":" not in name
    else:
        is_right = bool(host) and port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not is_right:
        raise ConfigError(f"nodes-dns: {name!r} is neither HOST:PORT nor _SERVICE._PROTOCOL.DOMAIN")


def _token(option: str, file: str) -> str:
    token = secret_in(option, file)
    if not token.isascii():
        raise ConfigError(f"{option} {file} has to be ASCII")
    return token
