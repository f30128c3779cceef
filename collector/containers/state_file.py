"""A state file of a runtime's: JSON that is read seldom and not trusted.

In a user's own storage the user may put anything where a file is expected: a link to another file,
a pipe that nobody writes to, a gigabyte. None of these is followed, waited for or loaded.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from typing import Any


class Unusable(Exception):
    """The file at `path` is there and does not hold what it should; `reason` says why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def read_json(path: str, max_bytes: int, owner: int | None = None) -> Any:
    """What the file says; None where there is no file.

    `owner` is the user id that the file must belong to, if it matters. Raises Unusable for what is
    no JSON, no file or too large, and PermissionError.
    """
    data = _read(path, max_bytes, owner)
    if data is None:
        return None
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise Unusable(path, f"line {error.lineno}: no JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise Unusable(path, f"no JSON: {str(error)[:80]}") from None


def unless_absent(path: str, error: OSError) -> None:
    """Return if the error says that nothing is there; else raise Unusable, or PermissionError."""
    if isinstance(error, PermissionError):
        raise error
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise Unusable(path, str(error.strerror)) from None


def texts(path: str, found: Any, key: str) -> Mapping[str, str]:
    """The object's member `key`: texts by name, empty where there is none. Raises Unusable."""
    if not isinstance(found, dict):
        raise Unusable(path, "line 1: is no JSON object")
    member = found.get(key) or {}
    if not isinstance(member, dict) or not all(isinstance(each, str) for each in member.values()):
        raise Unusable(path, f"{key} are no texts by name")
    return member


def _read(path: str, max_bytes: int, owner: int | None) -> bytes | None:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        unless_absent(path, error)
        return None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Unusable(path, "is no file")
        if owner is not None and found.st_uid != owner:
            raise Unusable(path, f"belongs to user {found.st_uid} and not to {owner}")
        if found.st_size > max_bytes:
            raise Unusable(path, f"{found.st_size} bytes are too many: at most {max_bytes}")
        try:
            return file.read(max_bytes)
        except OSError as error:
            raise Unusable(path, str(error.strerror)) from None
