"""What a doctor found, for people in 96 columns and for programs as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "partly", "no", "none"]

COLUMNS = 96
_INDENT = 28


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried and how it went.

    `state` is none where there is nothing of the kind, or nobody asked. `needed` is false for what
    can be done without: it does not count.
    """

    area: str
    what: str
    state: State
    why: str
    remedy: str = ""
    needed: bool = True

    @property
    def missing(self) -> bool:
        """Whether something that should be there is not, or not wholly."""
        return self.needed and self.state in ("partly", "no")


@dataclass(frozen=True, slots=True)
class Words:
    """How a report ends: when all is well, and before the list of what is not."""

    well: str
    amiss: str


def text(findings: Sequence[Finding], head: str, words: Words) -> str:
    """A table for each area, and what is amiss in sum."""
    lines = [head]
    for area in dict.fromkeys(finding.area for finding in findings):
        lines += ["", area.upper()]
        for finding in findings:
            lines += _lines(finding) if finding.area == area else []
    return "\n".join([*lines, "", _summary(findings, words)]) + "\n"


def as_json(findings: Sequence[Finding], head: str) -> str:
    """The same as one object."""
    complete = not any(finding.missing for finding in findings)
    shown = {"about": head, "complete": complete, "findings": [asdict(each) for each in findings]}
    return json.dumps(shown, indent=2)


def _lines(finding: Finding) -> list[str]:
    begin = f"  {finding.state:<7} {finding.what:<{_INDENT - 11}} "
    lines = _wrapped(begin, finding.why)
    if finding.remedy and finding.state != "ok":
        lines += _wrapped(" " * _INDENT, f"→ {finding.remedy}")
    return lines


def _wrapped(begin: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=begin,
        subsequent_indent=" " * _INDENT,
        break_on_hyphens=False,
    ) or [begin.rstrip()]


def _summary(findings: Iterable[Finding], words: Words) -> str:
    missing = [finding.what for finding in findings if finding.missing]
    if not missing:
        return words.well
    return "\n".join(textwrap.wrap(f"{words.amiss}: {', '.join(missing)}.", COLUMNS))
