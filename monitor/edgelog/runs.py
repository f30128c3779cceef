"""The runs of a log's writer: how a log that was put back from a copy is told from the one it was.

A copy has the epoch of the log that went on after it was made, and gives the same sequence numbers
again, to other records. Whoever holds a cursor from before would pass over them. So each opening of
the log is a run with a random name, every cursor bears the run that gave it, and the log knows
where each run ended: a copy does not know the later runs, and knows of an earlier end.
"""

from __future__ import annotations

import logging
import re
import secrets
from pathlib import Path

from monitor.durable import replace_durably
from monitor.edgelog.cursor import Cursor

log = logging.getLogger(__name__)

MOST_RUNS = 256
"""That are remembered: a cursor of an earlier one is told of as a gap, and nothing is lost."""
_FILE = "runs"
_LINE = re.compile(r"([0-9a-f]{8}) ([0-9]{1,19})", re.ASCII)


class Runs:
    """Begins a run; `current` is its name. One that cannot be stored (a full disk) counts too."""

    def __init__(self, directory: Path, next_sequence: int) -> None:
        path = directory / _FILE
        self.current = secrets.token_hex(4)
        self._firsts = dict([*read_runs(path).items(), (self.current, next_sequence)][-MOST_RUNS:])
        text = "".join(f"{run} {first}\n" for run, first in self._firsts.items())
        try:
            replace_durably(path, text.encode())
        except OSError as error:
            log.warning("%s cannot be stored, kept in memory: %s", path, error.strerror)

    def gave(self, cursor: Cursor, last: int) -> bool:
        """Whether `cursor` stands for records of this log, the last of which is `last`.

        A cursor without a run is believed: a person wrote it, or it never left this directory.
        """
        if cursor.sequence > last or not cursor.run:
            return cursor.sequence <= last
        runs = list(self._firsts)
        if cursor.run not in runs:
            return False
        later = runs[runs.index(cursor.run) + 1 :]
        return not later or cursor.sequence < self._firsts[later[0]]


def read_runs(path: Path) -> dict[str, int]:
    """Each run and the first sequence number that it could give; none where the file is damaged."""
    try:
        matches = [_LINE.fullmatch(line) for line in path.read_text("ascii").splitlines()]
    except (FileNotFoundError, UnicodeDecodeError):
        return {}
    return {match[1]: int(match[2]) for match in matches if match}
