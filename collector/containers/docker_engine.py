"""One Docker engine: its address, its list of containers, its events, and why it cannot be had."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from docker import APIClient
from docker.errors import DockerException
from docker.types import CancellableStream
from docker.utils import kwargs_from_env
from urllib3.exceptions import HTTPError

from monitor.errors import WeirError

TIMEOUT_SECONDS = 5.0
WINDOW_SECONDS = 60.0
ACTIONS = ["create", "start", "die", "destroy", "rename", "oom", "update"]
"""All that names and events need; health checks alone would send three others each time."""
DEFAULT_URL = "unix:///var/run/docker.sock"


class EngineAway(WeirError):
    """The engine cannot be had: one line with its address, the reason and the remedy.

    `absent` is true where no socket exists, which on many nodes is as it should be.
    """

    def __init__(self, message: str, absent: bool = False) -> None:
        super().__init__(message)
        self.absent = absent


def address(setting: str, environ: Mapping[str, str]) -> str:
    """The engine's URL by the setting `docker`; "auto" is what Docker's own client uses."""
    return setting if setting != "auto" else environ.get("DOCKER_HOST") or DEFAULT_URL


class Engine:
    """A connection to the engine at `url`; every call answers or raises EngineAway in bounded time.

    `environ` gives DOCKER_CERT_PATH and DOCKER_TLS_VERIFY. The constructor connects and agrees with
    the engine on a version of its API.
    """

    def __init__(
        self,
        url: str,
        environ: Mapping[str, str],
        timeout: float = TIMEOUT_SECONDS,
        window: float = WINDOW_SECONDS,
    ) -> None:
        self.url = url
        self._timeout = timeout
        self._window = window
        self._stream: CancellableStream[bytes] | None = None
        _probe(url, timeout)
        with self._clear():
            options = kwargs_from_env(environment={**environ, "DOCKER_HOST": url})
            # Typed as whole seconds, but handed on to requests, which takes fractions.
            self._client = APIClient(**options, version="auto", timeout=timeout)  # type: ignore[arg-type]

    @property
    def version(self) -> str:
        """The version of the API that both sides speak."""
        return str(self._client.api_version)

    def running(self) -> list[dict[str, Any]]:
        """The rows of `GET /containers/json`: everything that runs now."""
        with self._clear():
            return list(self._client.containers())

    def events(self, since_ns: int) -> Iterator[dict[str, Any]]:
        """Container events from `since_ns` on, as they come; ends by itself after the window.

        The client's own `events()` waits without a limit, so an engine that froze would never be
        noticed. Here the engine is asked to end the stream, and a read waits a little longer.
        """
        _probe(self.url, self._timeout)
        until_ns = time.time_ns() + int(self._window * 1e9)
        with self._clear():
            response = self._client.get(
                f"{self._client.base_url}/v{self.version}/events",
                params={
                    "since": _seconds(since_ns),
                    "until": _seconds(until_ns),
                    "filters": json.dumps({"type": ["container"], "event": ACTIONS}),
                },
                stream=True,
                timeout=(self._timeout, self._window + self._timeout),
            )
            response.raise_for_status()
            lines = response.iter_lines(chunk_size=64 * 1024)
            self._stream = CancellableStream(lines, response)
            for line in lines:
                if line:
                    yield json.loads(line)

    def close(self) -> None:
        """Break the connection off, also while another thread waits for events."""
        if self._stream is not None:
            # A stream that has just ended by itself has no socket any more to be closed.
            with contextlib.suppress(AttributeError, OSError):
                self._stream.close()
        self._client.close()

    @contextlib.contextmanager
    def _clear(self) -> Iterator[None]:
        """Turn what the client's layers raise into one line."""
        try:
            yield
        except (DockerException, HTTPError, OSError, ValueError) as error:
            text = " ".join(str(error).split())
            if "timed out" in text.lower():
                raise EngineAway(_hangs(self.url, self._timeout)) from None
            raise EngineAway(f"docker: {self.url}: {text[:300]}") from None


def _probe(url: str, timeout: float) -> None:
    """Open and close a Unix socket, for the kernel's own word on why it cannot be used."""
    if not url.startswith(("unix://", "http+unix://")):
        return
    path = "/" + url.partition("://")[2].lstrip("/")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect(path)
        except FileNotFoundError:
            raise EngineAway(
                f"docker: no socket at {path}; start Docker, name another engine with "
                "--docker URL, or say --docker none",
                absent=True,
            ) from None
        except PermissionError:
            raise EngineAway(
                f"docker: user {_user()} may not open {path}; add the user to the socket's group "
                "(usually `docker`), or say --docker none"
            ) from None
        except ConnectionRefusedError:
            raise EngineAway(
                f"docker: nothing listens on {path}; start Docker, or say --docker none"
            ) from None
        except (TimeoutError, BlockingIOError):
            raise EngineAway(_hangs(url, timeout)) from None
        except OSError as error:
            raise EngineAway(f"docker: {path}: {error.strerror or error}") from None


def _hangs(url: str, timeout: float) -> str:
    return (
        f"docker: {url} takes connections but does not answer within {timeout:g} s; "
        "look at the engine's log, or restart it"
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _seconds(time_ns: int) -> str:
    return f"{time_ns // 10**9}.{time_ns % 10**9:09d}"
