"""Files of target groups that people and programs edit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from monitor.aggregator.discovery.files import Files
from monitor.aggregator.discovery.source import Listing


def _groups(*addresses: str) -> str:
    return json.dumps([{"targets": list(addresses)}])


def _addresses(listing: Listing) -> list[str]:
    return [address for group in listing.groups for address in group.addresses]


def _look(files: Files) -> dict[str, list[str]]:
    """The addresses of each file that changed."""
    return {
        Path(listing.place).name: _addresses(listing)
        for listing in files.look()
        if not listing.error
    }


def _only(files: Files) -> Listing:
    (listing,) = files.look()
    return listing


def test_a_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    file = tmp_path / "nodes.json"
    file.write_text(_groups("a:1"))
    files = Files([str(file)])
    assert _look(files) == {"nodes.json": ["a:1"]}
    assert _look(files) == {}
    file.write_text(_groups("b:1"))
    assert _look(files) == {"nodes.json": ["b:1"]}
    (tmp_path / "new").write_text(_groups("c:1"))
    (tmp_path / "new").rename(file)
    assert _look(files) == {"nodes.json": ["c:1"]}
    assert _look(files) == {}


def test_a_link_that_is_swapped_as_kubernetes_does(tmp_path: Path) -> None:
    for name, address in (("1", "a:1"), ("2", "b:1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "nodes.json").write_text(_groups(address))
    (tmp_path / "data").symlink_to("1")
    (tmp_path / "nodes.json").symlink_to("data/nodes.json")
    files = Files([str(tmp_path / "nodes.json")])
    assert _look(files) == {"nodes.json": ["a:1"]}
    (tmp_path / "new").symlink_to("2")
    (tmp_path / "new").rename(tmp_path / "data")
    assert _look(files) == {"nodes.json": ["b:1"]}


def test_yaml_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "nodes.yml"
    file.write_text("- targets: [a:1, 'b:1']\n  labels:\n    rack: 12\n- targets:\n  - c:1\n")
    listing = _only(Files([str(file)]))
    assert _addresses(listing) == ["a:1", "b:1", "c:1"]
    assert listing.groups[0].labels == '{"rack":"12"}'


def test_files_of_a_pattern_come_and_go(tmp_path: Path) -> None:
    files = Files([str(tmp_path / "*.json"), str(tmp_path / "b.json")])
    assert not (tmp_path / "b.json").exists()
    assert "No such file" in _only(files).error
    (tmp_path / "a.json").write_text(_groups("a:1"))
    (tmp_path / "b.json").write_text(_groups("b:1"))
    assert _look(files) == {"a.json": ["a:1"], "b.json": ["b:1"]}
    (tmp_path / "a.json").unlink()
    gone = _only(files)
    assert (gone.place, gone.is_gone) == (f"nodes-file {tmp_path}/a.json", True)
    (tmp_path / "b.json").unlink()
    missing = _only(files)
    assert missing.error == f"nodes-file {tmp_path}/b.json: No such file or directory"
    assert _look(files) == {}, "said once"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("n.json", '[\n{"targets": ["a:1"]},\n', ":3: no JSON: Expecting value"),
        ("n.json", '[{"targets": ["a:1"]}, {"x": 1}]', ": group 2 has 'x'"),
        ("n.json", "", ":1: no JSON: Expecting value"),
        ("n.json", "[" * 100_000, ": it is nested too deeply"),
        ("n.yml", "- targets: [a:1]\n- targets: [b:1\n- x: y\n", ":3: no YAML: "),
        ("n.yaml", "- targets: [a:1]\n  labels: {x: !!python/object:os.system y}", ":2: no YAML: "),
        ("n.yml", "\x01", ": no YAML: "),
        ("n.yml", "", ": it is no list of groups"),
    ],
)
def test_a_broken_file_is_told_once_with_its_line(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    files = Files([str(file)])
    error = _only(files).error
    assert error.startswith(f"nodes-file {file}{words}")
    assert "\n" not in error
    assert list(files.look()) == []
    file.write_text("[]")
    assert _only(files) == Listing(f"nodes-file {file}", [])


def test_a_file_that_is_no_text_or_too_large(tmp_path: Path) -> None:
    (tmp_path / "n.json").write_bytes(b"\xff\xfe\xfa")
    assert "decode" in _only(Files([str(tmp_path / "n.json")])).error
    with (tmp_path / "m.json").open("wb") as file:
        os.truncate(file.fileno(), 17 * 1024 * 1024)
    error = _only(Files([str(tmp_path / "m.json")])).error
    assert error.endswith("m.json: it is larger than 16,777,216 bytes")
