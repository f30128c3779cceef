"""Credentials in files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.stores.setup.secrets import generated, keep


def test_a_secret_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secret"
    previous = os.umask(0)
    try:
        keep(file, lambda: "one")
    finally:
        os.umask(previous)
    assert file.read_text() == "one\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    keep(file, lambda: "two")
    assert file.read_text() == "one\n", "what is there is kept"
    assert [each.name for each in file.parent.iterdir()] == ["secret"]


def test_nothing_is_left_where_none_could_be_made(tmp_path: Path) -> None:
    def refused() -> str:
        raise ConfigError("no")

    with pytest.raises(ConfigError, match="no"):
        keep(tmp_path / "secret", refused)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said_before_a_secret_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made: list[str] = []
    with pytest.raises(ConfigError, match="cannot be written"):
        keep(tmp_path / "file" / "secret", lambda: made.append("x") or "x")  # type: ignore[func-returns-value]
    assert made == []


def test_secrets_differ() -> None:
    assert len({generated() for _ in range(100)}) == 100
    assert min(len(generated()) for _ in range(100)) == 43
