"""Credentials that are made at a first start: one line in a file that only its owner reads."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from monitor.durable import sync_directory
from monitor.errors import ConfigError


def generated() -> str:
    """43 characters from 32 random bytes: letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(32)


def keep(path: Path, make: Callable[[], str]) -> None:
    """Put what `make` returns into `path` (mode 0600), durably; a file that exists is kept.

    `make` is called only once the secret can be written, since some are told one time only.
    Raises ConfigError where it cannot.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(file.name)
        sync_directory(path.parent)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
