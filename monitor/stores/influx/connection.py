"""Requests to InfluxDB, and what its answers mean."""

from __future__ import annotations

import contextlib
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
    StoreUnavailable,
)
from monitor.stores import deadline, http
from monitor.stores.config import StoreConfig

_CONNECT_SECONDS = 5.0
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
            auth_basic=_is_user(config.influx_version, token),
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

    def headers(self, path: str) -> Mapping[str, str]:
        """Those of a GET's answer, whatever its status. Raises StoreUnavailable without one."""
        with self.understood():
            try:
                answer = self.client.api_client.rest_client.GET(
                    self._config.place + path, headers={}, _preload_content=False, redirect=False
                )
            except ApiException as error:
                if not error.status:
                    raise
                return dict(error.headers or {})
            answer.close()
            return dict(answer.headers)

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
        place = f"InfluxDB at {self._config.url}"
        return http.away(place, error, self._config.store_timeout)

    def failure(self, reason: str) -> StoreError:
        """What an error's text says, whatever the status: InfluxDB also sends errors with a 200."""
        place = f"InfluxDB at {self._config.url}"
        reason = http.in_short(reason)
        for kind in ("database", "bucket"):
            if kind in reason and "not found" in reason:
                name = self._config.influx_database
                return StoreMissing(
                    f"{place} says {reason!r}: make the {kind} {name} with `weir init-store`"
                )
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
            return http.insecure(place, reason, "influx_ca")
        if status in (404, 405):
            known = self.failure(reason)
            return known if isinstance(known, StoreMissing) else self._no_such_path(status, reason)
        if status == 409:
            return StoreRejected(f"{place} refuses ({status}): {reason}")
        if status in http.REFUSALS or 300 <= status < 400:
            return http.refusal(place, status, reason, error.headers or {}, "influx_token_file")
        return self.failure(f"{status} {reason}")

    def _no_such_path(self, status: int, reason: str) -> StoreMissing:
        return StoreMissing(
            f"InfluxDB at {self._config.url} answers {status} ({reason}): is it InfluxDB, and is"
            f" influx_version ({self._config.influx_version}) right?"
        )

    def close(self) -> None:
        self.client.close()


def _is_user(version: str, token: str) -> bool:
    """Whether the secret is user:password and no token: InfluxDB before 1.8 takes no other."""
    return bool(token) and (version == "1" or (version == "auto" and ":" in token))


def _told(error: ApiException) -> str:
    return http.said(error.body, error.reason)
