"""What is documented is what there is: the reference pages are those that the code makes."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from weir.__main__ import COMMANDS, USAGE
from weir.reference import CONFIGS, pages

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", pages())
def test_a_reference_page_is_the_one_that_the_code_makes(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == pages()[name], "run `make docs`"


def test_every_command_is_documented() -> None:
    assert {name.partition(" ")[0] for name in CONFIGS} == COMMANDS.keys()
    assert all(f"\n  {command} " in USAGE for command in COMMANDS)


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {name.split(">=")[0].split("[")[0].lower() for name in wanted} - {"weir"}
    page = (ROOT / "docs" / "dependencies.md").read_text().lower()

    assert [name for name in sorted(names) if f"| {name} |" not in page] == []


def test_every_link_of_a_page_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    links = [
        (page.name, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert links == []
