"""Names from Docker: one list at the start, then its event stream. Never its stats call."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from collector.containers.docker_engine import Engine, EngineAway
from collector.containers.docker_naming import (
    ContainerEvent,
    event_of,
    naming_of_event,
    naming_of_row,
)
from collector.containers.names import OTHER_RUNTIMES, Found, Naming, fallback

log = logging.getLogger(__name__)

RELIST_SECONDS = 300.0
FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 60.0
MAX_PENDING_EVENTS = 4096
OVERLAP_NS = 2 * 10**9
"""So far back each window begins: Docker publishes events that happen together out of order."""


class DockerNames:
    """Knows the engine's containers by id, kept up to date by a thread of its own.

    Asking never blocks and never calls Docker. While the engine is away the last known names stay,
    and one line says why and what to do; another says when it is back. A container that was
    destroyed stays known until the next list, so that its last sample still finds its name.
    """

    def __init__(
        self,
        url: str,
        environ: Mapping[str, str],
        connect: Callable[[str, Mapping[str, str]], Engine] = Engine,
        retry_seconds: float = FIRST_RETRY_SECONDS,
    ) -> None:
        self._url = url
        self._environ = environ
        self._connect = connect
        self._first_retry = retry_seconds
        self._names: dict[str, Naming] = {}
        self._died: set[str] = set()
        self._seen: set[tuple[int, str, str]] = set()
        self._events: deque[ContainerEvent] = deque(maxlen=MAX_PENDING_EVENTS)
        self._engine: Engine | None = None
        self._up: bool | None = None
        self._updated = threading.Event()
        self._settled = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="docker", daemon=True)

    @property
    def up(self) -> bool:
        """Whether the engine answers."""
        return bool(self._up)

    def known(self, found: Found) -> Naming | None:
        """What Docker calls the container; None if it does not know it (yet)."""
        return self._names.get(found.id)

    def name_of(self, found: Found) -> Naming | None:
        """What Docker calls the container; None if it does not know it yet.

        While the engine is away, and for containers of other runtimes, there is nothing to wait
        for: those get the name that their path gives.
        """
        naming = self.known(found)
        if naming is None and (self._up is False or found.runtime in OTHER_RUNTIMES):
            return fallback(found)
        return naming

    def drain(self) -> list[ContainerEvent]:
        """What happened since the last call, in order."""
        return [self._events.popleft() for _ in range(len(self._events))]

    def updated(self) -> bool:
        """Whether `docker update` changed some container's limits since the last call."""
        updated = self._updated.is_set()
        if updated:
            self._updated.clear()
        return updated

    def start(self, wait_seconds: float = 0.0) -> None:
        """Begin to follow the engine; waits at most so long for the first list or failure."""
        self._thread.start()
        self.wait(wait_seconds)

    def wait(self, seconds: float) -> None:
        """Wait at most so long for the first list or failure."""
        self._settled.wait(seconds)

    def stop(self) -> None:
        """End the thread; one that still waits for a hanging engine is left to end by itself."""
        self._stop.set()
        self._settled.set()
        engine = self._engine
        if engine is not None:
            engine.close()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        delay = self._first_retry
        while not self._stop.is_set():
            try:
                self._follow(self._connect(self._url, self._environ))
            except EngineAway as error:
                if self._up is not False:
                    delay = self._first_retry
                self._away(error)
            self._stop.wait(delay)
            delay = min(2 * delay, LAST_RETRY_SECONDS)

    def _follow(self, engine: Engine) -> None:
        self._engine = engine
        try:
            self._seen.clear()
            first_ns = newest_ns = time.time_ns()
            while not self._stop.is_set():
                relist = time.monotonic() + RELIST_SECONDS
                self._list(engine)
                while time.monotonic() < relist and not self._stop.is_set():
                    since_ns = max(first_ns, newest_ns - OVERLAP_NS)
                    newest_ns = max(newest_ns, self._window(engine, since_ns))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise EngineAway(
                f"docker: {engine.url} does not speak like Docker: {error!r}"
            ) from None
        finally:
            self._engine = None
            engine.close()

    def _list(self, engine: Engine) -> None:
        self._names = {row["Id"]: naming_of_row(row) for row in engine.running()}
        if not self._up and not self._stop.is_set():
            self._died.clear()
            back = " again" if self._up is False else ""
            log.info(
                "docker: %s answers%s (API %s): %d containers named",
                engine.url, back, engine.version, len(self._names),
            )  # fmt: skip
        self._up = True
        self._settled.set()

    def _window(self, engine: Engine, since_ns: int) -> int:
        """Take the events from `since_ns` on that are new; the time of the newest one (Unix ns)."""
        began = time.monotonic()
        for event in engine.events(since_ns):
            key = (int(event["timeNano"]), event["Actor"]["ID"], event["Action"])
            if key not in self._seen:
                self._seen.add(key)
                self._take(event)
        newest_ns = max((seen[0] for seen in self._seen), default=0)
        self._seen = {seen for seen in self._seen if seen[0] >= newest_ns - OVERLAP_NS}
        if time.monotonic() - began < self._first_retry:
            self._stop.wait(self._first_retry)
        return newest_ns

    def _take(self, event: Mapping[str, Any]) -> None:
        action, id = event["Action"], event["Actor"]["ID"]
        if id not in self._names:
            self._names[id] = naming_of_event(event)
        elif action == "rename":
            # The list's labels are the better ones: an event lacks those named as its own words.
            labels = self._names[id].labels
            self._names[id] = replace(naming_of_event(event), labels=labels)
        kept = event_of(event, self._names[id], restarted=id in self._died)
        if kept is not None:
            self._events.append(kept)
        if action == "update":
            self._updated.set()
        elif action == "die":
            self._died.add(id)
        elif action in ("start", "destroy"):
            self._died.discard(id)

    def _away(self, error: EngineAway) -> None:
        if self._up is not False and not self._stop.is_set():
            level = logging.INFO if error.absent and self._up is None else logging.WARNING
            log.log(level, "%s; names come from cgroup paths until it answers", error)
        self._up = False
        self._settled.set()
