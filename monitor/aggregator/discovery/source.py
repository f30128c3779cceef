"""What a source of addresses is, and what it gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Group(NamedTuple):
    """Addresses as they were named, HOST:PORT; their scheme where it is said; labels as JSON."""

    addresses: Sequence[str]
    scheme: str = ""
    labels: str = "{}"


class Listing(NamedTuple):
    """What one place (a file, a URL, a name) says now: all of its groups.

    Or `error`, a line that names the place: then what it said before stays true. A place that is
    gone for good says nothing any more.
    """

    place: str
    groups: Sequence[Group] = ()
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
