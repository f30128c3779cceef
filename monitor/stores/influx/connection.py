"""Requests to InfluxDB, and what its answers mean."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import urllib3
from influxdb_client.client.exceptions import InfluxDBError
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
from monitor.stores import deadline
from monitor.stores.config import StoreConfig

_CONNECT_SECONDS = 5.0
_SHOWN_CHARACTERS = 300
_CONNECTIONS = 16


class Connection:
    """Keeps connections to one InfluxDB; threads may share it.

    `client` is influxdb-client's own, for its services; what they raise `understood` translates.
    """

    def __init__(self, config: StoreConfig, token: str | None = None) -> None:
        """`token` replaces the one of `influx_token_file`; "" is none. Raises ConfigError."""
        if config.influx_ca and not Path(config.influx_ca).is_file():
            raise ConfigError(f"influx_ca: there is no file {config.influx_ca}")
        try:
            trust = deadline.tls(config.influx_ca)
        except OSError:
            raise ConfigError(f"influx_ca: {config.influx_ca} holds no certificate (PEM)") from None
        self._config = config
        token = config.influx_token() if token is None else token
        self.client: Any = InfluxDBClient(  # its methods are untyped
            url=config.url,
            token=token,
            org=config.influx_org,
            auth_basic=bool(token) and config.influx_version == "1",
            ssl_ca_cert=config.influx_ca or None,
            ssl_context=trust,
            timeout=(_CONNECT_SECONDS * 1e3, config.store_timeout * 1e3),
            connection_pool_maxsize=_CONNECTIONS,
        )
        pools = self.client.api_client.rest_client.pool_manager
        pools.pool_classes_by_scheme = deadline.pools(config.store_timeout)

    def request(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        body: bytes | dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.HTTPResponse:
        """The answer with a 2xx status, its body not yet read; raises a StoreError otherwise.

        A dict as `body` is sent as JSON.
        Redirects are not followed: they could carry samples and the token to another host.
        """
        with self.understood():
            answer: urllib3.HTTPResponse = self.client.api_client.call_api(
                path,
                method,
                query_params=dict(parameters),
                header_params=dict(headers or {}),
                body=body,
                _preload_content=False,
                _return_http_data_only=True,
                urlopen_kw={"redirect": False},
            )
        return answer

    @contextlib.contextmanager
    def understood(self) -> Iterator[None]:
        """What the package raises inside becomes a StoreError."""
        try:
            yield
        except ApiException as error:
            raise self._refusal(error) from None
        except InfluxDBError as error:  # the package found no organisation of that name
            raise StoreForbidden(
                f"InfluxDB at {self._config.url} shows no organisation"
                f" {self._config.influx_org!r}: check influx_org and the token's rights"
            ) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self.away(error) from None

    def away(self, error: Exception) -> StoreUnavailable:
        """InfluxDB did not answer, or not to the end."""
        if deadline.is_over(error):
            return StoreUnavailable(
                f"InfluxDB at {self._config.url} did not answer within"
                f" {self._config.store_timeout:g} s: is it overloaded, or the link slow?"
            )
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
            return StoreMissing(
                f"{place} says {reason!r}: make it with `weir init-store`, or leave"
                " influx_retention_policy empty"
            )
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
        if status in (404, 405):
            known = self.failure(reason)
            return known if isinstance(known, StoreMissing) else self._no_such_path(status, reason)
        if status == 413:
            return StoreTooLarge(f"{place} takes no body of this size ({status}): {reason}")
        if status in (400, 409, 422):
            return StoreRejected(f"{place} refuses ({status}): {reason}")
        if status in (429, 503):
            return StoreUnavailable(f"{place} is busy ({status}, {reason})", _retry_after(error))
        if 300 <= status < 400:
            return StoreUnavailable(f"{place} sends us elsewhere ({status}): name that address")
        return self.failure(f"{status} {reason}")

    def _no_such_path(self, status: int, reason: str) -> StoreMissing:
        return StoreMissing(
            f"InfluxDB at {self._config.url} answers {status} ({reason}): is it InfluxDB, and is"
            f" influx_version ({self._config.influx_version}) right?"
        )

    def _creation(self) -> str:
        kind = "database" if self._config.influx_version in ("1", "1.8") else "bucket"
        return f"make the {kind} {self._config.influx_database} with `weir init-store`"

    def close(self) -> None:
        self.client.close()


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
