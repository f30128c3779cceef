"""Requests to InfluxDB, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from monitor.errors import (
    ConfigError,
    StoreError,
    StoreForbidden,
    StoreMissing,
    StoreRejected,
    StoreTooLarge,
    StoreUnavailable,
)
from monitor.stores.config import StoreConfig

_TIMEOUT_MS = (5_000, 60_000)
_SHOWN_CHARACTERS = 300
_CONNECTIONS = 16


class Connection:
    """Keeps connections to one InfluxDB; threads may share it."""

    def __init__(self, config: StoreConfig) -> None:
        if config.influx_ca and not Path(config.influx_ca).is_file():
            raise ConfigError(f"influx_ca: there is no file {config.influx_ca}")
        self._config = config
        token = config.influx_token()
        self._client: Any = InfluxDBClient(  # its methods are untyped
            url=config.url,
            token=token,
            auth_basic=bool(token) and config.influx_version == "1",
            ssl_ca_cert=config.influx_ca or None,
            timeout=_TIMEOUT_MS,
            connection_pool_maxsize=_CONNECTIONS,
        )

    def request(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.HTTPResponse:
        """The answer with a 2xx status, its body not yet read; raises a StoreError otherwise.

        Redirects are not followed: they could carry samples and the token to another host.
        """
        try:
            answer: urllib3.HTTPResponse = self._client.api_client.call_api(
                path,
                method,
                query_params=dict(parameters),
                header_params=dict(headers or {}),
                body=body,
                _preload_content=False,
                _return_http_data_only=True,
                urlopen_kw={"redirect": False},
            )
        except ApiException as error:
            raise self._refusal(error) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self.away(error) from None
        return answer

    def away(self, error: Exception) -> StoreUnavailable:
        """InfluxDB did not answer, or not to the end."""
        return StoreUnavailable(
            f"InfluxDB at {self._config.url} does not answer ({_reason(error)}):"
            " is it running, and is the address right?"
        )

    def failure(self, reason: str) -> StoreError:
        """What an error's text says, whatever the status: InfluxDB also sends errors with a 200."""
        place = f"InfluxDB at {self._config.url}"
        reason = " ".join(reason.split())[:_SHOWN_CHARACTERS]
        if "not found" in reason and ("database" in reason or "bucket" in reason):
            return StoreMissing(f"{place} says {reason!r}: {self._creation()}")
        if "retention policy not found" in reason:
            return StoreMissing(f"{place} says {reason!r}: create it or leave the setting empty")
        return StoreUnavailable(f"{place} says {reason!r}: see its log")

    def _refusal(self, error: ApiException) -> StoreError:
        status, reason = error.status, _told(error)
        place = f"InfluxDB at {self._config.url}"
        if status == 0:
            return StoreUnavailable(f"{place}: no secure connection ({reason}): check influx_ca")
        if status in (401, 403):
            return StoreForbidden(
                f"{place} refuses the credentials ({status}, {reason}): check influx_token_file"
            )
        if status == 404:
            known = self.failure(reason)
            return known if isinstance(known, StoreMissing) else self._no_such_path(reason)
        if status == 413:
            return StoreTooLarge(f"{place} takes no body of this size ({status}): {reason}")
        if status in (400, 422):
            return StoreRejected(f"{place} refuses ({status}): {reason}")
        if status in (429, 503):
            return StoreUnavailable(f"{place} is busy ({status}, {reason})", _retry_after(error))
        if 300 <= status < 400:
            return StoreUnavailable(f"{place} sends us elsewhere ({status}): name that address")
        return self.failure(f"{status} {reason}")

    def _no_such_path(self, reason: str) -> StoreMissing:
        return StoreMissing(
            f"InfluxDB at {self._config.url} answers 404 ({reason}): is it InfluxDB, and is"
            f" influx_version ({self._config.influx_version}) right?"
        )

    def _creation(self) -> str:
        name = self._config.influx_database
        if self._config.influx_version in ("1", "1.8"):
            return f"create it with CREATE DATABASE {name}"
        return f"create the bucket {name}"

    def close(self) -> None:
        self._client.close()


def _told(error: ApiException) -> str:
    """The store's own words: the `error` or `message` of a JSON body, else its beginning."""
    body = error.body or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict):
        text = str(document.get("error") or document.get("message") or text)
    return " ".join((text or error.reason or "no reason given").split())[:_SHOWN_CHARACTERS]


def _retry_after(error: ApiException) -> float | None:
    headers: Mapping[str, str] = error.headers or {}
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _reason(error: Exception) -> str:
    """The innermost cause, without the object addresses that urllib3 puts before it."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(error).rpartition(">: ")[2] or type(error).__name__
