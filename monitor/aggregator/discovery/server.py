"""http_sd: a server of target groups, asked again and again."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead
from urllib.parse import urlsplit

from monitor.aggregator.discovery.groups import MAX_BYTES, groups
from monitor.aggregator.discovery.source import Listing
from monitor.errors import one_line
from monitor.stream.connection import Answer, AnswerTooLarge, Connection, NoConnection, trusting

_SHOWN_CHARACTERS = 200


class Server:
    """One URL. Its answer is bounded in size and time, and a redirect is not followed."""

    def __init__(
        self, url: str, *, token: str, ca_file: str, seconds: float, every_seconds: float
    ) -> None:
        """`seconds` are for a whole answer. Raises ConfigError for a `ca_file` that is none."""
        self.name = f"nodes-http {url}"
        self.every_seconds = every_seconds
        self._place = urlsplit(url)
        self._seconds = seconds
        self._token = token
        self._tls = trusting("nodes-http-ca", ca_file)

    def look(self) -> Iterator[Listing]:
        """What it says now."""
        try:
            yield Listing(self.name, groups(_decoded(self._ask())))
        except (OSError, HTTPException, NoConnection, AnswerTooLarge, ValueError) as error:
            yield Listing(self.name, error=f"{self.name}: {self._words(error)}")

    def _ask(self) -> Answer:
        ends_at = time.monotonic() + self._seconds
        connection = Connection(self._place, self._tls, ends_at)
        with contextlib.closing(connection):
            return connection.exchange(self._request(), MAX_BYTES, ends_at)

    def _request(self) -> bytes:
        query = f"?{self._place.query}" if self._place.query else ""
        lines = [
            f"GET {self._place.path or '/'}{query} HTTP/1.1",
            f"Host: {self._place.netloc}",
            "Accept: application/json",
            "Connection: close",
            f"X-Prometheus-Refresh-Interval-Seconds: {self.every_seconds:g}",
            *([f"Authorization: Bearer {self._token}"] if self._token else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def _words(self, error: Exception) -> str:
        match error:
            case NoConnection():
                return "no connection in time; is the machine up?"
            case TimeoutError():
                return f"it did not answer within {self._seconds:g} s"
            case AnswerTooLarge():
                return f"its answer is larger than {MAX_BYTES:,} bytes"
            case ssl.SSLError():
                return f"TLS failed: {error}; is nodes-http-ca the right certificate?"
            case socket.gaierror():
                return "its name has no address; check its spelling"
            case IncompleteRead():
                return "its answer was cut off"
            case OSError() | HTTPException():
                words = getattr(error, "strerror", None) or str(error) or repr(error)
                return one_line(words)[:_SHOWN_CHARACTERS]
        return str(error)


def _decoded(answer: Answer) -> object:
    if 300 <= answer.status < 400:
        raise ValueError(f"it redirects ({answer.status}); give its own address")
    if answer.status in (401, 403):
        raise ValueError(f"it refuses us ({answer.status}); see nodes-http-token-file")
    if answer.status != 200:
        raise ValueError(f"it answers {answer.status}")
    try:
        return json.loads(answer.body)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno} of its answer is no JSON: {error.msg}") from None
    except (UnicodeDecodeError, RecursionError):
        raise ValueError("its answer is no JSON") from None
