"""`weir quarantine list|retry`: what the store refused, and writing it again."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from monitor.aggregator.bisection import Refused
from monitor.aggregator.config import AggregatorConfig
from monitor.aggregator.quarantine import Quarantine, QuarantineError
from monitor.aggregator.quarantine_file import Entry
from monitor.aggregator.quarantine_retry import retry
from monitor.errors import StoreError, WeirError
from monitor.settings import setting
from monitor.stores.open import open_writer

ACTIONS = ("list", "retry")
USAGE = """\
usage: weir quarantine ACTION [OPTIONS]     (the options are those of `weir aggregator`)

  list     what the store refused: which lines of which node, when, and why
  retry    writes these lines again; what the store takes is removed, what it refuses stays

Exit code 1: a file cannot be read, or retry left lines there (refused again, or the store is away).
"""

_SHOWN_CHARACTERS = 160
_TELL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class QuarantineConfig(AggregatorConfig):
    """Show what the store refused (list), or write it again (retry).

    It takes the options of `weir aggregator`, so that it finds the same directory and store. Both
    may run while the aggregator does.
    """

    json: bool = setting(False, "print JSON, with all lines")


def quarantine(action: str, config: QuarantineConfig) -> int:
    """Do one of ACTIONS; returns the exit code."""
    logging.basicConfig(handlers=[logging.NullHandler()])  # what is amiss is printed here
    if isinstance(sys.stdout, io.TextIOWrapper):  # a line may hold what no encoding has
        sys.stdout.reconfigure(errors="backslashreplace")
    kept = Quarantine(config.quarantine)
    try:
        return (_list if action == "list" else _retry)(kept, config)
    except WeirError as error:
        print(f"weir quarantine: {error}", file=sys.stderr)
        return 1


def _list(kept: Quarantine, config: QuarantineConfig) -> int:
    files = kept.files()
    entries = list(_entries(kept, files))
    if config.json:
        print(json.dumps([_document(path, entry) for path, entry in entries], indent=2))
    else:
        for path, entry in entries:
            print(_words(path, entry))
        lines = sum(entry.lines for _, entry in entries)
        print(f"{lines} lines in {len(entries)} files under {kept.directory}")
    return int(len(entries) < len(files))


def _entries(kept: Quarantine, files: list[Path]) -> Iterator[tuple[Path, Entry]]:
    """One file that cannot be read hides no other."""
    for path in files:
        try:
            entry = kept.read(path)
        except QuarantineError as error:
            print(f"weir quarantine: {error}", file=sys.stderr)
            continue
        if entry is not None:
            yield path, entry


def _document(path: Path, entry: Entry) -> dict[str, Any]:
    return {
        "file": str(path),
        "node": entry.node_url,
        "refused_at": entry.at or None,
        "lines": entry.lines,
        "refused": [{"reason": each.reason, "lines": _lines(each)} for each in entry.refused],
    }


def _words(path: Path, entry: Entry) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(entry.at)) if entry.at else "once"
    parts = [f"{at}  {entry.lines} lines of {_tame(entry.node_url or 'an unknown node')}  {path}"]
    for each in entry.refused:
        first, *others = _lines(each)
        more = f" (and {len(others)} more lines)" if others else ""
        parts.append(f"    {_tame(first)}{more}\n      {_tame(each.reason)}")
    return "\n".join(parts)


def _lines(refused: Refused) -> list[str]:
    """By newlines alone: a line may hold other characters that end lines elsewhere."""
    return refused.lines.decode("utf-8", "replace").removesuffix("\n").split("\n")


def _tame(text: str) -> str:
    """A container's or a store's words, with nothing that a terminal would obey."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[: _SHOWN_CHARACTERS - 1] + "…"


def _retry(kept: Quarantine, config: QuarantineConfig) -> int:
    files = kept.files()
    writer = open_writer(config.store_config)
    progress = _Progress(len(files))
    counts = Counts()
    try:
        for path in files:
            try:
                tried = retry(kept, path, writer.write)
            except QuarantineError as error:
                print(f"weir quarantine: {error}", file=sys.stderr)
                continue
            counts = Counts(*map(sum, zip(counts, (1, tried.taken, tried.refused), strict=True)))
            progress.tell(counts)
    except StoreError as error:
        print(f"weir quarantine: {error}", file=sys.stderr)
    finally:
        progress.end()
        writer.close()
    left = len(files) - counts.files
    if config.json:
        print(json.dumps(counts._asdict() | {"files_left": left}))
    else:
        waiting = f"; {left} files were not tried" if left else ""
        print(f"the store took {counts.taken} lines, refuses {counts.refused} again{waiting}")
    return int(bool(counts.refused or left))


class Counts(NamedTuple):
    """What was done so far: files, lines that the store took, lines that it refuses again."""

    files: int = 0
    taken: int = 0
    refused: int = 0


class _Progress:
    """On standard error: a line that is written over in a terminal, else one every few seconds."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._rewrites = sys.stderr.isatty()
        self._tells_at = time.monotonic() + (0.0 if self._rewrites else _TELL_SECONDS)

    def tell(self, counts: Counts) -> None:
        now = time.monotonic()
        if now >= self._tells_at:
            words = f"{counts.files} of {self._files} files, {counts.taken} lines taken"
            print(words, end="\r" if self._rewrites else "\n", file=sys.stderr, flush=True)
            self._tells_at = now + (0.2 if self._rewrites else _TELL_SECONDS)

    def end(self) -> None:
        if self._rewrites:
            print("\x1b[K", end="", file=sys.stderr)
