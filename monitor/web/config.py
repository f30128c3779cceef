"""Where a process listens, and who may talk to it."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import ConfigError
from monitor.settings import setting


@dataclass(frozen=True, kw_only=True)
class ListenConfig:
    """Loopback needs nothing; any other address needs TLS and a token, or `insecure`, aloud."""

    listen: str = setting("127.0.0.1:8080", "address to listen on; port 0 picks a free one")
    tls_cert: str = setting("", "certificate chain file (PEM); turns TLS on")
    tls_key: str = setting("", "private key file (PEM)")
    token_file: str = setting(
        "",
        "file with the token that callers must send (Bearer, or as the Basic password), "
        "16 characters or more",
    )
    insecure: bool = setting(False, "allow an address other than loopback without TLS and token")
    hosts: str = setting(
        "", "further host names, comma-separated, by which browsers may reach this address"
    )

    def __post_init__(self) -> None:
        address(self.listen)
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ConfigError("tls-cert and tls-key belong together: give both or neither")
        for name in ("tls_cert", "tls_key", "token_file"):
            path = getattr(self, name)
            if path and not Path(path).is_file():
                raise ConfigError(f"{name.replace('_', '-')}: {path} is no file that can be read")
        if not (self.is_loopback or self.insecure or (self.tls_cert and self.token_file)):
            raise ConfigError(
                f"listen: {self.listen} can be reached from other machines, which needs "
                "tls-cert, tls-key and token-file; or say --insecure to serve anyone in the clear"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.listen)

    def token(self) -> str:
        """The token that callers must send; "" asks for none. Raises ConfigError."""
        if not self.token_file:
            return ""
        try:
            token = Path(self.token_file).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"token-file: {self.token_file}: {error}") from None
        if len(token) < 16:
            raise ConfigError(f"token-file: {self.token_file} holds fewer than 16 characters")
        return token


def address(listen: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[V6]:PORT` or `fd:N`. Raises ConfigError."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"listen: {listen!r} is not HOST:PORT, for example 127.0.0.1:8080")
    return host.removeprefix("[").removesuffix("]"), int(port)


def is_loopback(listen: str) -> bool:
    """Whether only this machine can connect to an address, or to an inherited socket `fd:N`."""
    host, port = address(listen)
    if host == "fd":
        try:
            with socket.socket(fileno=os.dup(port)) as inherited:
                host = inherited.getsockname()[0]
        except OSError as error:
            raise ConfigError(f"listen: {listen} is no inherited socket: {error}") from None
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
