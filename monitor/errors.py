"""Errors that a person may read.

WeirError                  one line: what, where, and the remedy
├── ConfigError            a flag, variable or file says something that cannot be (exit code 2)
├── BadRequest             a parameter of an HTTP request (status 400)
├── LineProtocolError      text that is not line protocol
└── StoreError             the store did not take or give data
    ├── StoreUnavailable   away, overloaded or failing: try again, later
    ├── StoreForbidden     it refuses our credentials: try again, and say so
    ├── StoreMissing       the database or bucket does not exist: try again, and say so
    └── StoreRejected      it will never take these lines: quarantine them
        └── StoreTooLarge  it takes no body of this size: write the lines in smaller ones
"""

from __future__ import annotations


def one_line(text: str) -> str:
    """Words from outside as a part of an error, with nothing that a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class WeirError(Exception):
    """An error whose text names the thing, the place and the remedy in one line."""


class ConfigError(WeirError):
    """A setting that cannot be; the command ends with exit code 2."""


class BadRequest(WeirError):
    """A request's parameter is wrong.

    `parameter` names it (or is "" for the request itself), `hint` says what would be right.
    """

    def __init__(self, message: str, parameter: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter
        self.hint = hint


class LineProtocolError(WeirError):
    """Text that is not line protocol; `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line


class StoreError(WeirError):
    """The store did not take or give data."""


class StoreUnavailable(StoreError):
    """Away, overloaded or failing; `retry_after` is in seconds where the store named a time."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreForbidden(StoreError):
    """The store refuses our credentials."""


class StoreMissing(StoreError):
    """The database or bucket does not exist."""


class StoreRejected(StoreError):
    """The store will never take (some of) these lines; the good ones among them may be stored."""


class StoreTooLarge(StoreRejected):
    """The body is larger than the store takes; none of it is stored."""
