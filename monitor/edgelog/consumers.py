"""Who has acknowledged what: one small durable file for each consumer."""

from __future__ import annotations

import logging
import re
import zlib
from pathlib import Path

from monitor.durable import replace_durably, sync_directory
from monitor.edgelog.cursor import Cursor
from monitor.errors import BadRequest

log = logging.getLogger(__name__)

MAX_CONSUMERS = 16
_NAME = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)


def check_name(name: str) -> str:
    """`name` if it can be a consumer's; raises BadRequest otherwise."""
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"{name[:80]!r} is no consumer's name",
            "consumer",
            "use 1 to 64 of the characters a-z, 0-9 and -",
        )
    return name


class Consumers:
    """The last sequence number that each consumer is done with, in one epoch of the log.

    A place that could not be stored (a full disk) still counts until the process ends: the worst
    that follows is that the consumer is sent again what it has.
    """

    def __init__(self, directory: Path, epoch: str) -> None:
        self._directory = directory
        self._epoch = epoch
        self._done: dict[str, int] = {}
        self._unstored: set[str] = set()
        for path in sorted(directory.iterdir()):
            if _NAME.fullmatch(path.name):
                self._load(path)

    def done(self, name: str) -> int | None:
        """The last sequence number that `name` is done with; None if it is new."""
        return self._done.get(name)

    def all(self) -> dict[str, int]:
        """Each consumer and the last sequence number that it is done with."""
        return dict(self._done)

    def move(self, name: str, sequence: int) -> None:
        """`name` is done with everything up to `sequence`; never moves back.

        Raises BadRequest for a name that cannot be, or for one consumer too many.
        """
        known = self._done.get(check_name(name))
        if known is None and len(self._done) >= MAX_CONSUMERS:
            raise BadRequest(
                f"this log has {MAX_CONSUMERS} consumers already",
                "consumer",
                "DELETE /api/v1/consumers/NAME for one that is no more: "
                + ", ".join(sorted(self._done)),
            )
        if known is None or sequence > known:
            self._done[name] = sequence
            self._store(name)

    def forget(self, name: str) -> bool:
        """Remove a consumer; False if there is none of that name. OSError."""
        if self._done.pop(check_name(name), None) is None:
            return False
        (self._directory / name).unlink(missing_ok=True)
        sync_directory(self._directory)
        return True

    def _store(self, name: str) -> None:
        path = self._directory / name
        try:
            replace_durably(path, _stored(Cursor(self._epoch, self._done[name])))
        except OSError as error:
            if name not in self._unstored:
                log.warning("%s cannot be stored, kept in memory: %s", path, error.strerror)
            self._unstored.add(name)
            return
        if name in self._unstored:
            log.info("%s is stored again", path)
            self._unstored.discard(name)

    def _load(self, path: Path) -> None:
        data = path.read_bytes()
        try:
            cursor = Cursor.parse(data.decode("ascii").partition("\n")[0])
            whole = data in (_stored(cursor), f"{cursor}\n".encode())  # Weir 0.1 wrote no crc32
        except (BadRequest, UnicodeDecodeError):
            whole = False
        if not whole:
            log.warning("%s is damaged: this consumer starts at the oldest record again", path)
        elif cursor.epoch == self._epoch:
            self._done[path.name] = cursor.sequence


def _stored(cursor: Cursor) -> bytes:
    """The cursor and its crc32: with a flipped bit it would stand for records that nobody has."""
    return f"{cursor}\n{zlib.crc32(str(cursor).encode()):08x}\n".encode()
