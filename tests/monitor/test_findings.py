"""The report: who is to blame, what helps, in 96 columns; and the same for programs."""

from __future__ import annotations

import json

from monitor.findings import COLUMNS, Finding, Words, as_json, text

WORDS = Words("Everything usual can be read.", "Missing, wholly or in part")
GOOD = Finding("cgroups", "hierarchy", "ok", "version 2, at /sys/fs/cgroup", "not shown")
BAD = Finding("names", "Docker", "no", "user ann may not " + "really " * 20 + "open it", "let her")
SPARE = Finding("names", "sensors", "no", "there are none", needed=False)


def test_each_area_has_its_lines_and_the_missing_are_summed_up() -> None:
    again = Finding("cgroups", "controllers", "ok", "cpu, memory")
    assert text([GOOD, SPARE, again], "weir", WORDS) == (
        "weir\n\nCGROUPS\n"
        "  ok      hierarchy         version 2, at /sys/fs/cgroup\n"
        "  ok      controllers       cpu, memory\n\nNAMES\n"
        "  no      sensors           there are none\n\nEverything usual can be read.\n"
    )
    shown = text([GOOD, BAD, SPARE], "weir", WORDS)
    assert max(map(len, shown.splitlines())) <= COLUMNS
    assert "                            → let her\n" in shown
    assert shown.endswith("\n\nMissing, wholly or in part: Docker.\n")


def test_programs_get_the_same() -> None:
    shown = json.loads(as_json([GOOD, BAD], "weir"))
    assert shown["complete"] is False
    assert [finding["state"] for finding in shown["findings"]] == ["ok", "no"]
    assert json.loads(as_json([GOOD, SPARE], "weir"))["complete"] is True
