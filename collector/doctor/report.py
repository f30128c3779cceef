"""A doctor's findings, for people in 96 columns and for programs as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from collector.doctor.finding import Finding

COLUMNS = 96
_INDENT = 28


def text(findings: Sequence[Finding], head: str) -> str:
    """A table for each area, and what is missing in sum."""
    lines = [head]
    for area in dict.fromkeys(finding.area for finding in findings):
        lines += ["", area.upper()]
        for finding in findings:
            lines += _lines(finding) if finding.area == area else []
    return "\n".join([*lines, "", summary(findings)]) + "\n"


def summary(findings: Iterable[Finding]) -> str:
    """One line: whether anything is missing, and what."""
    missing = [finding.what for finding in findings if finding.missing]
    if not missing:
        return "Everything usual can be read."
    return "\n".join(textwrap.wrap(f"Missing, wholly or in part: {', '.join(missing)}.", COLUMNS))


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
