"""InfluxDB's Writer: a body goes out as it came in."""

from __future__ import annotations

import zlib

from monitor.errors import StoreRejected
from monitor.gzipped import members
from monitor.stores import http
from monitor.stores.config import StoreConfig
from monitor.stores.influx.connection import Connection

_HEADERS = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
_ERROR_BYTES = 4096
_GZIP = 16 + zlib.MAX_WBITS


class InfluxWriter:
    """Writes to `/write` (version 1) or `/api/v2/write` (1.8, 2, 3); threads may share it."""

    def __init__(self, config: StoreConfig) -> None:
        self._connection = Connection(config)
        self._path, self._parameters = _target(config)
        self._one_member = config.influx_version == "3"

    def write(self, body: bytes) -> None:
        """See `monitor.stores.protocols.Writer`."""
        if not body:
            return
        if self._one_member:
            body = _as_one_member(body)
        answer = self._connection.request("POST", self._path, self._parameters, body, _HEADERS)
        with self._connection.understood():
            said = b"" if answer.status == 204 else answer.read(_ERROR_BYTES)
        answer.close()
        if said.strip():  # every InfluxDB says 204; something in between may know better
            raise self._connection.failure(f"{answer.status} {http.said(said)}")

    def close(self) -> None:
        self._connection.close()


def _target(config: StoreConfig) -> tuple[str, dict[str, str]]:
    database, policy = config.influx_database, config.influx_retention_policy
    if config.influx_version == "1":
        parameters = {"db": database, "precision": "ns"}
        return "/write", parameters | ({"rp": policy} if policy else {})
    bucket = f"{database}/{policy}" if config.influx_version == "1.8" else database
    return "/api/v2/write", {"org": config.influx_org, "bucket": bucket, "precision": "ns"}


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
