"""What a node has only at times: huge pages, block I/O that is counted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cgroup import v1
from collector.cgroup.cgroups import Cgroups
from collector.cgroup.faults import Faults
from collector.cgroup.group import Group
from collector.cgroup.hierarchy import detect
from collector.cgroup.present import look, page_sizes
from collector.cgroup.sources import DEVICE, PAGESIZE
from tests.real.require import absent

BLKIO = Path("/sys/fs/cgroup/blkio")
SIZES = {"hugepages-64kB": "64KB", "hugepages-2048kB": "2MB", "hugepages-1048576kB": "1GB"}
THROTTLE = "8:0 Read 1\n8:0 Write 2\n8:16 Read 3\n8:16 Write 4\nTotal 10\n"
BFQ = "8:0 Read 10\n8:0 Write 20\nTotal 30\n"
NOTHING = "Total 0\n"


def huge_pages(sys_root: Path, name: str, number: int, overcommit: int = 0) -> None:
    directory = sys_root / "kernel/mm/hugepages" / name
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "nr_hugepages").write_text(f"{number}\n")
    (directory / "nr_overcommit_hugepages").write_text(f"{overcommit}\n")


class Node:
    """A tree of version 1 or 2 with the group /a, and a sysfs that may have huge pages."""

    def __init__(self, path: Path, version: int) -> None:
        self.sys_root = path / "sysfs"
        self.sys_root.mkdir()
        self.root = path / "cgroup"
        self.version = version
        for controller in ("cpuacct", "blkio", "hugetlb") if version == 1 else ("",):
            directory = self.root / controller / "a"
            directory.mkdir(parents=True)
            for each in (directory, directory.parent):
                (each / "cgroup.procs").touch()
        if version == 2:
            (self.root / "cgroup.controllers").write_text("cpu io hugetlb\n")
            self.write("cpu.stat", "usage_usec 1\nuser_usec 1\nsystem_usec 0\n")
        else:
            self.write("cpuacct.usage", "1000\n")
        self.cgroups = Cgroups(detect(self.root), path, 100, Faults(), self.sys_root)
        self.group = Group(self.cgroups, "/a")

    def write(self, name: str, text: str, group: str = "a") -> None:
        directory = self.root if self.version == 2 else self.root / name.partition(".")[0]
        (directory / group / name).write_text(text)

    def close(self) -> None:
        self.group.close()
        self.cgroups.close()


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path, request.param)
    yield node
    node.close()


@pytest.mark.parametrize(("directory", "size"), SIZES.items())
@pytest.mark.parametrize(("number", "overcommit"), [(3, 0), (0, 3)])
def test_a_size_of_which_there_are_pages_or_may_be(
    tmp_path: Path, directory: str, size: str, number: int, overcommit: int
) -> None:
    for name in SIZES:
        huge_pages(tmp_path, name, 0)
    assert page_sizes(tmp_path) == ()
    huge_pages(tmp_path, directory, number, overcommit)
    assert page_sizes(tmp_path) == (size,)


def test_a_kernel_without_huge_pages_has_no_sizes(tmp_path: Path) -> None:
    assert page_sizes(tmp_path) == ()


def test_huge_pages_are_read_while_the_node_has_some(node: Node) -> None:
    for name, text in (
        ("hugetlb.2MB.usage_in_bytes", "2097152\n"),
        ("hugetlb.2MB.max_usage_in_bytes", "4194304\n"),
        ("hugetlb.2MB.failcnt", "1\n"),
    ):
        if node.version == 1:
            node.write(name, text)
    if node.version == 2:
        node.write("hugetlb.2MB.current", "2097152\n")
        node.write("hugetlb.2MB.events", "max 1\n")
    huge_pages(node.sys_root, "hugepages-2048kB", 0)
    node.cgroups.look()
    assert PAGESIZE not in node.group.add_slow({})
    kept = node.cgroups.budget.kept

    huge_pages(node.sys_root, "hugepages-2048kB", 8)
    node.cgroups.look()
    most = {"hugetlb_max_usage_bytes": 4194304} if node.version == 1 else {}
    expected = {"hugetlb_usage_bytes": 2097152, "hugetlb_failcnt": 1, **most}
    assert node.group.add_slow({})[PAGESIZE] == {"2MB": expected}
    assert node.cgroups.budget.kept > kept

    huge_pages(node.sys_root, "hugepages-2048kB", 0)
    node.cgroups.look()
    assert PAGESIZE not in node.group.add_slow({})
    assert node.cgroups.budget.kept == kept


def block_io(node: Node, begin: str, text: str) -> None:
    for group in ("", "a"):
        for name in ("io_service_bytes", "io_serviced"):
            node.write(f"blkio.{begin}{name}", text, group)


def test_block_io_is_read_of_version_1_where_it_is_counted(tmp_path: Path) -> None:
    node = Node(tmp_path, 1)
    block_io(node, "throttle.", NOTHING)
    block_io(node, "bfq.", NOTHING)
    node.cgroups.look()
    assert DEVICE not in node.group.add_slow({})
    assert node.cgroups.budget.kept == 0  # neither file is even opened

    block_io(node, "throttle.", THROTTLE)
    node.cgroups.look()
    assert writes(node) == {"8:0": 2, "8:16": 4}

    block_io(node, "bfq.", BFQ)
    node.cgroups.look()
    assert writes(node) == {"8:0": 20, "8:16": 4}  # each device by the scheduler that serves it

    (node.root / "blkio/blkio.bfq.io_serviced_recursive").touch()
    node.write("blkio.bfq.io_service_bytes_recursive", BFQ.replace("20", "21"))
    node.write("blkio.bfq.io_serviced_recursive", BFQ.replace("20", "21"))
    block_io(node, "throttle.", NOTHING)
    node.cgroups.look()
    assert writes(node) == {"8:0": 21}
    node.close()


def writes(node: Node) -> dict[object, object]:
    found = node.group.add_slow({})[DEVICE]
    assert all(
        fields["fs_writes_bytes_total"] == fields["fs_writes_total"] for fields in found.values()
    )
    return {name: fields["fs_writes_total"] for name, fields in found.items()}


@pytest.mark.root
def test_the_kernel_counts_what_the_top_group_names(tmp_path: Path) -> None:
    """Told by a loop device whose scheduler is changed under it."""
    if not (BLKIO / "blkio.bfq.io_serviced").exists():
        absent("blkio of cgroup version 1 with BFQ", "run the tests on a machine that has both")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(2**20)
    command = ["losetup", "--find", "--show", str(image)]
    device = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    block = Path("/sys/block", Path(device).name)
    number = (block / "dev").read_text().strip()
    try:
        assert "blkio.bfq." not in look(None, BLKIO).block_io
        (block / "queue/scheduler").write_text("bfq")
        Path(device).read_bytes()
        assert "blkio.bfq." in look(None, BLKIO).block_io
        (read, _) = v1.block_io("blkio.bfq.", recursive=True)
        counted = read.parse((BLKIO / read.file).read_bytes())
        assert counted[number]["fs_reads_bytes_total"] >= 2**20
        (block / "queue/scheduler").write_text("none")
        assert "blkio.bfq." not in look(None, BLKIO).block_io
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
