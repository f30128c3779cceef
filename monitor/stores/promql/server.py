"""Requests to a store that speaks PromQL, and what its answers mean."""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from monitor.errors import ConfigError, StoreError, StoreMissing
from monitor.stores import deadline, http
from monitor.stores.config import StoreConfig

_CONNECT_SECONDS = 5.0
_CONNECTIONS = 16
_CHUNK_BYTES = 256 * 1024
_ERROR_BYTES = 16 * 1024
_PREFACE = re.compile(rb"remoteAddr: .*?; requestURI: .*?; ")
"""VictoriaMetrics says whom it answers, and to what, before it says what is wrong."""
_OF_THE_PATH = re.compile("(unsupported path|unsupported URL|cannot parse path|auth error)")
"""To VictoriaMetrics a wrong path is a 400 like a wrong line or query."""


class Server:
    """Keeps connections to one address; threads may share it. `name` is its kind, for the errors.

    Redirects are not followed: they could carry samples and the token to another host.
    """

    def __init__(self, name: str, url: str, config: StoreConfig) -> None:
        """The token goes to the store's own hosts only, wherever `url` leads.

        Raises ConfigError when the token or the certificates cannot be read.
        """
        self.url = url
        self.place = f"{name} at {url}"
        self._seconds = config.store_timeout
        known = (config.place, config.promql_url)
        token = config.store_token()
        self._headers = _credentials(token) if _origin(url) in map(_origin, known) else {}
        if config.store_tenant:
            self._headers["X-Scope-OrgID"] = config.store_tenant
        self._pools = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=config.store_timeout),
            ssl_context=_trusting(config.store_ca),
        )
        self._pools.pool_classes_by_scheme = deadline.pools(config.store_timeout)

    def request(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """The answer with a 2xx status, its body not yet read; raises a StoreError otherwise.

        A `form` is sent as the body.
        """
        sent = self._headers | dict(headers or {})
        if form is not None:
            body = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            answer = self._exchange(method, self.url + path, body, sent)
            if 200 <= answer.status < 300:
                return answer
            said = http.said(_PREFACE.sub(b"", answer.read(_ERROR_BYTES)), answer.reason)
            answer.close()
        except (HTTPError, OSError) as error:
            raise self.away(error) from None
        if answer.status == 400 and _OF_THE_PATH.match(said):
            raise StoreMissing(f"{self.place} says {said!r}: is the address right?")
        raise http.refusal(self.place, answer.status, said, answer.headers, "store_token_file")

    def chunks(self, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        """The answer's body as it comes; raises StoreUnavailable when it stops or takes too long.

        Left early, it lets go of the connection.
        """
        try:
            while chunk := answer.read1(_CHUNK_BYTES, decode_content=True):
                yield chunk
        except (HTTPError, OSError) as error:
            raise self.away(error) from None
        finally:
            answer.close()

    def away(self, error: Exception) -> StoreError:
        """It did not answer, or not to the end."""
        if isinstance(error, SSLError | ssl.SSLError):
            return http.insecure(self.place, error, "store_ca")
        return http.away(self.place, error, self._seconds)

    def close(self) -> None:
        self._pools.clear()

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        return self._pools.request(
            method, url, body=body, headers=headers, redirect=False, preload_content=False
        )


def _origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _credentials(token: str) -> dict[str, str]:
    if not token:
        return {}
    if ":" in token:
        return {"Authorization": f"Basic {b64encode(token.encode()).decode()}"}
    return {"Authorization": f"Bearer {token}"}


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return deadline.tls(ca_file)
    except OSError as error:
        raise ConfigError(f"store_ca: {ca_file} holds no certificate (PEM): {error}") from None
