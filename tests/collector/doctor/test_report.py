"""The report: who is to blame, what helps, in 96 columns; and the same for programs."""

from __future__ import annotations

import json

from collector.doctor.finding import Finding, shortened, words
from collector.doctor.report import COLUMNS, as_json, text

GOOD = Finding("cgroups", "hierarchy", "ok", "version 2, at /sys/fs/cgroup", "not shown")
BAD = Finding("names", "Docker", "no", "user ann may not " + "really " * 20 + "open it", "let her")
SPARE = Finding("names", "sensors", "no", "there are none", needed=False)


def test_each_area_has_its_lines_and_the_missing_are_summed_up() -> None:
    again = Finding("cgroups", "controllers", "ok", "cpu, memory")
    assert text([GOOD, SPARE, again], "weir") == (
        "weir\n\nCGROUPS\n"
        "  ok      hierarchy         version 2, at /sys/fs/cgroup\n"
        "  ok      controllers       cpu, memory\n\nNAMES\n"
        "  no      sensors           there are none\n\nEverything usual can be read.\n"
    )
    shown = text([GOOD, BAD, SPARE], "weir")
    assert max(map(len, shown.splitlines())) <= COLUMNS
    assert "                            → let her\n" in shown
    assert shown.endswith("\n\nMissing, wholly or in part: Docker.\n")


def test_programs_get_the_same() -> None:
    shown = json.loads(as_json([GOOD, BAD], "weir"))
    assert shown["complete"] is False
    assert [finding["state"] for finding in shown["findings"]] == ["ok", "no"]
    assert json.loads(as_json([GOOD, SPARE], "weir"))["complete"] is True


def test_errors_in_words() -> None:
    assert words(FileNotFoundError(2, "No such file"), "/x") == "there is no /x"
    assert words(PermissionError(13, "denied"), "/x").endswith(" may not read /x")
    assert words(OSError(5, "Input/output error"), "/x") == "/x: Input/output error"
    assert words(OSError(95, "Not supported"), "/x").startswith("/x is there, but")


def test_container_ids_are_shown_as_people_write_them() -> None:
    assert shortened(f"/docker/{'0123456789ab' + 52 * 'c'}/cpu.stat") == (
        "/docker/0123456789ab…/cpu.stat"
    )
