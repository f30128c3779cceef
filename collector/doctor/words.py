"""An error of the kernel's in plain words."""

from __future__ import annotations

import errno
import os
import pwd
import re

_ID = re.compile("([0-9a-f]{12})[0-9a-f]{52}")
_WORDS = {
    errno.ENOENT: "there is no {path}",
    errno.ENOTDIR: "there is no {path}",
    errno.EOPNOTSUPP: "{path} is there, but the kernel was told not to count",
    errno.ECONNREFUSED: "nothing listens on {path}",
}


def user() -> str:
    """The name of the user that this process runs as; the number where there is no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def words(error: OSError, path: object) -> str:
    """Why `path` could not be had: "user nobody may not read /proc/7/fd"."""
    place = shortened(str(path))
    if isinstance(error, PermissionError):
        return f"user {user()} may not read {place}"
    known = _WORDS.get(error.errno or 0)
    return known.format(path=place) if known else f"{place}: {error.strerror or error}"


def shortened(text: str) -> str:
    """The text with container ids as people write them: the first 12 digits."""
    return _ID.sub(r"\1…", text)
