"""What a file of the quarantine holds: lines, and in comments before them which node and why.

It is line protocol, compressed: `zcat FILE` shows it, and any store would take it as it is.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.aggregator.bisection import Refused
from monitor.gzipped import members

SUFFIX = ".lp.gz"
_NODE, _AT, _REASON = "# node", "# refused", "# reason"


@dataclass(frozen=True, slots=True)
class Entry:
    """Lines of one record that the store refused; `at` is Unix seconds."""

    node_url: str
    at: float
    refused: tuple[Refused, ...]

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(each.count_lines() for each in self.refused)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Each reason once."""
        return tuple(dict.fromkeys(each.reason for each in self.refused))

    def body(self) -> bytes:
        """All lines as one gzip member."""
        return gzip.compress(b"".join(each.lines for each in self.refused), compresslevel=1)

    def file_name(self) -> str:
        """By node and lines: what is refused a second time replaces what it was the first time."""
        digest = hashlib.sha256(self.node_url.encode())
        for each in self.refused:
            digest.update(each.lines)
        node = re.sub(r"[^A-Za-z0-9.-]+", "-", self.node_url.partition("://")[2])[:120]
        return f"{node}-{digest.hexdigest()[:16]}{SUFFIX}"


def encode(entry: Entry) -> bytes:
    """The file's content."""
    at = datetime.fromtimestamp(entry.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = [f"{_NODE}: {entry.node_url}\n{_AT}: {at}\n".encode()]
    before = None
    for refused in entry.refused:
        if refused.reason != before:
            parts.append(f"{_REASON}: {' '.join(refused.reason.split())}\n".encode())
            before = refused.reason
        parts.append(refused.lines)
    return gzip.compress(b"".join(parts), compresslevel=6)


def decode(data: bytes) -> Entry:
    """The entry that a file's content is; what no comment tells is "" or 0.

    Raises ValueError for what cannot be unpacked.
    """
    node_url, at, reason = "", 0.0, ""
    pieces: list[tuple[str, list[bytes]]] = []
    for line in _lines(b"".join(members(data))):
        if not line.startswith(b"#"):
            if not pieces or pieces[-1][0] != reason:
                pieces.append((reason, []))
            pieces[-1][1].append(line)
            continue
        key, _, value = line.decode("utf-8", "replace").strip().partition(": ")
        if key == _NODE:
            node_url = value
        elif key == _AT:
            at = _seconds(value)
        elif key == _REASON:
            reason = value
    return Entry(node_url, at, tuple(Refused(b"".join(lines), why) for why, lines in pieces))


def _lines(text: bytes) -> list[bytes]:
    """By newlines alone: a line may hold other characters that end lines elsewhere."""
    return [line + b"\n" for line in text.split(b"\n") if line]


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
