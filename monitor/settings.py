"""How a setting is declared, once: its default and its help; and where secrets and data lie.

Every configuration is a frozen dataclass of such fields. The command line, the environment and the
TOML file are generated from it (`weir.options`), and so is its page in the documentation.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError


def setting(
    default: Any, help: str, *, metavar: str | None = None, positional: bool = False
) -> Any:
    """A field of a configuration. `help` says meaning and unit; it is shown by --help.

    A `positional` one is a word of the command line and nothing else: no flag, no variable.
    """
    metadata = {"help": help, "metavar": metavar, "positional": positional}
    return dataclasses.field(default=default, metadata=metadata)


def state_directory(given: str, part: str = "") -> Path:
    """Where a part keeps its data: as `given`, else the usual place of root or of other users.

    Raises ConfigError for a user without a home.
    """
    usual = "/var/lib/weir" if os.geteuid() == 0 else "~/.local/share/weir"
    try:
        return Path(given).expanduser() if given else Path(usual).expanduser() / part
    except RuntimeError:
        raise ConfigError(
            f"data: user {os.geteuid()} has no home directory; name one with --data DIRECTORY"
        ) from None


def secret_in(setting: str, file: str) -> str:
    """The one line in the file that a setting names; "" where it names none. Raises ConfigError."""
    if not file:
        return ""
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{setting} {file} cannot be read: {reason}") from None
    if not secret or not secret.isprintable():
        raise ConfigError(f"{setting} {file} has to be one line of printable characters")
    return secret
