"""Which labels of a container a sweep keeps, and how those that it does not keep are counted."""

from __future__ import annotations

import json
from pathlib import Path

from collector.containers.names import Naming
from collector.label_rules import LabelRules
from collector.sweep import Sweeper
from tests.collector.sweeping import ALL, FakeNames, of

WEB = "a" * 64


def swept(tmp_path: Path, naming: Naming, rules: LabelRules) -> tuple[dict[str, str], int]:
    """The labels in `container_info`, and the count of those left out."""
    group = tmp_path / "sys/cpuacct/docker" / WEB
    group.mkdir(parents=True)
    for directory in (group, group.parent.parent):
        (directory / "cgroup.procs").write_text("0\n")
    (group / "cpuacct.usage").write_text("1\n")
    names = FakeNames()
    names.known[WEB] = naming
    identity = {"cluster": "c", "node": "n"}
    sweeper = Sweeper(identity, Path("/proc"), tmp_path / "sys", names, 10, rules=rules)
    (info,) = of(sweeper.sweep(ALL), "container_info")
    left_out = sweeper.figures["labels_left_out"]
    sweeper.close()
    return json.loads(str(info.fields["labels"])), left_out


def test_denied_labels_are_not_stored_and_not_counted(tmp_path: Path) -> None:
    labels = {"app": "web", "deploy.token": "secret", "note": 'a "b"\n'}
    naming = Naming("web", labels=labels)
    kept, left_out = swept(tmp_path, naming, LabelRules(deny=("*token",)))
    assert kept == {"app": "web", "note": 'a "b"\n'}
    assert left_out == 0


def test_what_does_not_fit_is_counted_and_hides_no_other(tmp_path: Path) -> None:
    labels = {"a": "1", "long": "x" * 4096, "z": "é" * 1000, "zz": "y" * 2100, "zzz": "2"}
    kept, left_out = swept(tmp_path, Naming("web", labels=labels, labels_left_out=7), LabelRules())
    assert kept.keys() == {"a", "z", "zzz"}
    assert left_out == 7 + 2


def test_room_goes_to_those_that_are_not_denied(tmp_path: Path) -> None:
    labels = {"a": "x" * 4000, "b": "y" * 4000}
    kept, left_out = swept(tmp_path, Naming("web", labels=labels), LabelRules(deny=("a",)))
    assert kept.keys() == {"b"} and left_out == 0
