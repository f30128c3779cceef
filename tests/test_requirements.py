"""The locked requirements are those of pyproject.toml, with hashes, and name no index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[1]
EXTRAS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def _wanted(extras: list[str]) -> list[Requirement]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    texts = project["dependencies"] + [text for extra in extras for text in EXTRAS[extra]]
    return [r for r in map(Requirement, texts) if r.name != "weir"]


@pytest.mark.parametrize(
    ("lock", "extras"), [("all", [e for e in EXTRAS if e != "dev"]), ("dev", list(EXTRAS))]
)
def test_the_lock_satisfies_the_project(lock: str, extras: list[str]) -> None:
    text = (PROJECT / f"requirements/{lock}.lock").read_text()
    pinned = dict(re.findall(r"^([a-z0-9._-]+)==(\S+) \\\n    --hash=sha256:", text, re.M))
    for requirement in _wanted(extras):
        version = pinned.get(requirement.name.lower())
        assert version is not None, f"{requirement} is not locked: make lock"
        assert requirement.specifier.contains(version), f"{requirement}: make lock"
    names = re.findall(r"^([a-z0-9._-]+)==", text, re.M)
    assert sorted(names) == sorted(pinned), "something has no hash"


@pytest.mark.parametrize("lock", ["all", "dev"])
def test_the_lock_names_no_place(lock: str) -> None:
    text = (PROJECT / f"requirements/{lock}.lock").read_text()
    assert not re.search(
        r"://|--find-links|--index|--extra-index|--trusted", text.split("\n\n")[-1]
    )
    assert "://" not in text
