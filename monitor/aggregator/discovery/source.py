"""What a source of addresses is, and what it gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Target(NamedTuple):
    """An address as it was named: HOST:PORT; the scheme where it says one; labels as JSON."""

    address: str
    scheme: str = ""
    labels: str = "{}"


class Listing(NamedTuple):
    """What one place (a file, a URL, a name) says now: all of its targets.

    Or `error`, a line that names the place: then what it said before stays true. A place that is
    gone for good says nothing any more.
    """

    place: str
    targets: Sequence[Target] = ()
    error: str = ""
    is_gone: bool = False


class Source(Protocol):
    """Something that names addresses, asked by one thread."""

    name: str
    """As people see it: the option and its value."""

    every_seconds: float
    """From one look to the next."""

    def look(self) -> Iterator[Listing]:
        """A listing for each place that has changed, or may have."""
