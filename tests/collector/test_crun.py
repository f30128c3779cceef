"""crun's group within the one that systemd made for it: limits, and what they did, are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.containers.names import NoNames
from collector.sweep import Sweeper
from tests.collector.sweeping import ALL, of, row
from tests.real.cgroups import Groups

pytestmark = pytest.mark.root

ID = "0123456789abcdef" * 4
SCOPE = f"/machine.slice/libpod-{ID}.scope"
NAME = f"podman-{ID[:12]}"
PERIOD = {"v1": "cpu.cfs_period_us", "v2": "cpu.max"}


@pytest.fixture
def groups(tmp_path: Path) -> Iterator[Groups]:
    with Groups(tmp_path) as groups:
        yield groups


@pytest.fixture
def sweeper(groups: Groups) -> Iterator[Sweeper]:
    sweeper = Sweeper({"cluster": "c", "node": "n"}, Path("/proc"), groups.root, NoNames(), 100)
    yield sweeper
    sweeper.close()


def limit(groups: Groups, path: str, period_us: int) -> None:
    """Give the group at `path` a quota's period that no group has by itself."""
    for group in groups.root.glob(f"*{path}"):
        if (file := group / PERIOD["v1"]).exists():
            file.write_text(f"{period_us}")
    if (file := groups.root / path[1:] / PERIOD["v2"]).exists():
        file.write_text(f"max {period_us}")


def test_the_limits_are_those_of_cruns_own_group(groups: Groups, sweeper: Sweeper) -> None:
    groups.add("exec sleep 100", f"{SCOPE}/container")
    limit(groups, f"{SCOPE}/container", 50_000)
    fields = row(sweeper.sweep(ALL), NAME).fields
    assert (fields["spec_cpu_period"], fields["processes"]) == (50_000, 1)


def test_a_group_that_crun_has_yet_to_make_is_found_when_it_is_there(
    groups: Groups, sweeper: Sweeper
) -> None:
    outer = groups.add("exec sleep 100", SCOPE)
    assert row(sweeper.sweep(ALL), NAME).fields["spec_cpu_period"] == 100_000
    groups.add("exec sleep 100", f"{SCOPE}/container")
    outer.process.terminate()
    outer.process.wait()
    limit(groups, f"{SCOPE}/container", 50_000)
    fields = row(sweeper.sweep(ALL), NAME).fields
    assert (fields["spec_cpu_period"], fields["processes"]) == (50_000, 1)


def test_it_ends_with_its_group(groups: Groups, sweeper: Sweeper) -> None:
    inner = groups.add("exec sleep 100", f"{SCOPE}/container")
    sweeper.sweep(ALL)
    inner.remove()
    records = sweeper.sweep(ALL)
    assert of(records, "container") == []
    assert [record.fields["object"] for record in of(records, "event")] == [NAME]
    assert of(sweeper.sweep(ALL), "event") == []
