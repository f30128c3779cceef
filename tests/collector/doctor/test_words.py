"""Errors and ids as people write them."""

from __future__ import annotations

from collector.doctor.words import shortened, words


def test_errors_in_words() -> None:
    assert words(FileNotFoundError(2, "No such file"), "/x") == "there is no /x"
    assert words(PermissionError(13, "denied"), "/x").endswith(" may not read /x")
    assert words(OSError(5, "Input/output error"), "/x") == "/x: Input/output error"
    assert words(OSError(95, "Not supported"), "/x").startswith("/x is there, but")


def test_container_ids_are_shown_as_people_write_them() -> None:
    assert shortened(f"/docker/{'0123456789ab' + 52 * 'c'}/cpu.stat") == (
        "/docker/0123456789ab…/cpu.stat"
    )
