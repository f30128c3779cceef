"""InfluxDB's Writer: a body goes out as it came in."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from monitor.errors import StoreMissing, StoreRejected
from monitor.gzipped import members
from monitor.stores import http
from monitor.stores.config import StoreConfig
from monitor.stores.influx.connection import Connection
from monitor.stores.influx.versions import version_of

_HEADERS = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
_ERROR_BYTES = 4096
_GZIP = 16 + zlib.MAX_WBITS


class InfluxWriter:
    """Writes to `/write` (version 1, and unknown ones) or `/api/v2/write` (1.8, 2, 3).

    Threads may share it.
    """

    def __init__(self, config: StoreConfig) -> None:
        self._config = config
        self._connection = Connection(config)
        self._target: _Target | None = None

    def write(self, body: bytes) -> None:
        """See `monitor.stores.protocols.Writer`."""
        if not body:
            return
        try:
            self._write(body, self._target or self._find_target())
        except StoreMissing:
            self._target = None  # it may be another version now
            raise

    def _write(self, body: bytes, target: _Target) -> None:
        if target.one_member:
            body = _as_one_member(body)
        answer = self._connection.request("POST", target.path, target.parameters, body, _HEADERS)
        with self._connection.understood():
            said = answer.read(_ERROR_BYTES)  # read to its end it gives its connection back
        answer.close()
        if answer.status != 204:  # what something in between says, not InfluxDB
            raise self._connection.failure(f"{answer.status} {http.said(said)}")

    def _find_target(self) -> _Target:
        version = version_of(self._config, self._connection)
        if version == "2" and not self._config.influx_org:
            raise StoreMissing(
                f"InfluxDB at {self._config.url} is version 2: name its organisation by influx_org"
            )
        self._target = _target(self._config, version)
        return self._target

    def close(self) -> None:
        self._connection.close()


class _Target(NamedTuple):
    path: str
    parameters: dict[str, str]
    one_member: bool


def _target(config: StoreConfig, version: str) -> _Target:
    database, policy = config.influx_database, config.influx_retention_policy
    if version in ("1", ""):  # every version takes /write, from 2 on for the sake of old clients
        parameters = {"db": database, "precision": "ns"}
        return _Target("/write", parameters | ({"rp": policy} if policy else {}), not version)
    bucket = f"{database}/{policy}" if version == "1.8" else database
    parameters = {"org": config.influx_org, "bucket": bucket, "precision": "ns"}
    return _Target("/api/v2/write", parameters, version == "3")


def _as_one_member(body: bytes) -> bytes:
    """The same lines in a single gzip member.

    InfluxDB 1 and 2 (Go) read concatenated members as one stream. Whether every version 3 (Rust)
    does could not be tried, and one that stops after the first would lose the rest with a 204.
    """
    deflate = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    try:
        parts = [deflate.compress(lines) for lines in members(body)]
    except ValueError as error:
        raise StoreRejected(str(error)) from None
    return b"".join([*parts, deflate.flush()])
