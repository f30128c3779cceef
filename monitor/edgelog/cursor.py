"""A place in one log: everything up to and including one sequence number."""

from __future__ import annotations

import re
from typing import NamedTuple

from monitor.errors import BadRequest

_TEXT = re.compile(r"([0-9a-f]{1,64})(?:\.([0-9a-f]{1,16}))?:([0-9]{1,19})", re.ASCII)


class Cursor(NamedTuple):
    """`epoch` names the log (hex), `sequence` its last record that the holder has; 0 is none.

    `run` (hex) is the run of the log's writer that gave this cursor, "" where that is not known.
    """

    epoch: str
    sequence: int
    run: str = ""

    def __str__(self) -> str:
        return f"{self.epoch}{self.run and f'.{self.run}'}:{self.sequence}"

    @classmethod
    def parse(cls, text: str, parameter: str = "ack") -> Cursor:
        """`EPOCH.RUN:SEQUENCE` or `EPOCH:SEQUENCE`; raises BadRequest that names `parameter`."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise BadRequest(
                f"{text[:80]!r} is no cursor",
                parameter,
                "send the Weir-Cursor of an earlier answer (EPOCH.RUN:SEQUENCE), or leave it out",
            )
        return cls(match[1], int(match[3]), match[2] or "")
