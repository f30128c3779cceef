"""What may be the address of a collector. It comes from outside: hostile until checked."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from monitor.stream.forbidden import is_forbidden

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_url(url: str) -> str:
    """`url`, if it may be a collector's. Raises ValueError that says what is wrong, in one line."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f"{_shown(url)} is no address; give http://HOST:PORT") from None
    if parts.username is not None:
        raise ValueError(f"{host}: no password in an address; node-token-file")
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\^`{|}?#")
    if parts.scheme not in ("http", "https") or not plain or port == 0 or not _is_host(host):
        raise ValueError(f"{_shown(url)} is no address of a collector; give http://HOST:PORT")
    if is_forbidden(host):
        raise ValueError(
            f"{host} is no collector's: link-local addresses are those of a cloud's own services"
        )
    return url


def url_of(scheme: str, address: str) -> str:
    """The URL of HOST:PORT. Raises ValueError as check_url does."""
    if scheme not in ("http", "https"):
        raise ValueError(f"scheme {_shown(scheme)} is not http or https")
    if "@" in address:
        raise ValueError(f"{_shown(address.rpartition('@')[2])}: no password in an address")
    if "/" in address:
        raise ValueError(f"{_shown(address)} is not HOST:PORT; the scheme is the label __scheme__")
    return check_url(f"{scheme}://{address.lower()}")


def in_the_clear(url: str) -> bool:
    """Whether others could read what is sent there."""
    parts = urlsplit(url)
    return parts.scheme != "https" and parts.hostname not in _LOOPBACK


def _is_host(host: str) -> bool:
    if ":" not in host:
        return _HOST.fullmatch(host) is not None
    try:
        return ipaddress.IPv6Address(host).scope_id is None
    except ValueError:
        return False


def _shown(text: str) -> str:
    """For a message: never long, never with what would change the line."""
    return repr(text[:80])
