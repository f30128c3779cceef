"""Bodies that are made while they are sent, so that a big answer needs little memory."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

from werkzeug.wrappers import Response

from collector.cadvisor.requests import Busy
from monitor.edgelog import LogError

log = logging.getLogger(__name__)

T = TypeVar("T")


class Gate:
    """Lets so many in at a time; `what` says for a refused one what there are too many of."""

    def __init__(self, most: int, what: str) -> None:
        self._room = threading.BoundedSemaphore(most)
        self._most = most
        self._what = what

    def enter(self) -> None:
        """Take a place. Raises Busy."""
        if not self._room.acquire(blocking=False):
            raise Busy(f"{self._most} {self._what} are being answered already; ask again later")

    def leave(self) -> None:
        """Give the place back."""
        self._room.release()


class Body:
    """Parts of a body as a server takes them; `done` is called once, at the end or at `close`.

    If the log cannot be read any more the body ends early, which is no whole JSON.
    """

    def __init__(self, parts: Iterable[bytes], done: Callable[[], None]) -> None:
        self._parts = parts
        self._done: Callable[[], None] | None = done

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._parts
        except LogError as error:
            log.warning("an answer ends early: %s", error)
        finally:
            self.close()

    def close(self) -> None:
        """A server calls this however the answer went, even if it took no part of it."""
        done, self._done = self._done, None
        if done is not None:
            done()


def streamed(make: Callable[[], Iterable[bytes]], gate: Gate) -> Response:
    """The parts that `make` gives, as JSON, with a place behind the gate until they are sent.

    The first part is made before anything is sent, so that what it raises is still an answer.
    """
    gate.enter()
    try:
        parts = iter(make())
        whole = chain([next(parts, b"")], parts)
    except BaseException:
        gate.leave()
        raise
    return Response(Body(whole, gate.leave), content_type="application/json")


def map_of(items: Iterable[tuple[str, Any]]) -> Iterator[bytes]:
    """A JSON object, a part for each item."""
    return _joined("{", (f"{json.dumps(name)}:{_json(value)}" for name, value in items), "}")


def list_of(items: Iterable[Any]) -> Iterator[bytes]:
    """A JSON array, a part for each item."""
    return _joined("[", map(_json, items), "]")


def one_of(items: Iterable[Any]) -> Iterator[bytes]:
    """The one item."""
    return (_json(item).encode() for item in items)


def _joined(opening: str, items: Iterable[str], closing: str) -> Iterator[bytes]:
    before = opening
    for item in items:
        yield (before + item).encode()
        before = ","
    yield (closing if before == "," else opening + closing).encode()


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
