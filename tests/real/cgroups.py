"""Real cgroups with real processes, below a parent of their own that is removed with them.

On version 1 and hybrid machines a group is made in every hierarchy, as a container runtime does;
`root` is a directory of links, so that who looks there sees these groups and no others. Needs root.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
import uuid
from pathlib import Path
from types import TracebackType

MOUNT = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuacct", "memory", "blkio", "pids", "unified")


def cgroups_of(pid: int) -> dict[str, Path]:
    """The process's directory in each hierarchy, by its controllers as the kernel writes them."""
    unified = "unified" if (MOUNT / "unified").is_dir() else ""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    found = {}
    for _, controllers, path in (line.split(":", 2) for line in lines):
        mount = controllers.removeprefix("name=") or unified
        found[controllers] = MOUNT / mount / path.lstrip("/")
    return found


def cgroup_of(pid: int, controller: str) -> Path:
    """The process's directory in the hierarchy of a v1 controller, or in v2's (`""`)."""
    for controllers, directory in cgroups_of(pid).items():
        if controller in controllers.split(","):
            return directory
    raise AssertionError(f"no cgroup of controller {controller!r} for process {pid}")


class Group:
    """One group, at `path` below the root of each hierarchy, and its first process."""

    def __init__(self, path: str, directories: list[Path], process: subprocess.Popen[bytes]):
        self.path = path
        self.directories = directories
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """Kill every process in the group, and wait until it is empty."""
        deadline = time.monotonic() + 10
        while pids := self._pids():
            assert time.monotonic() < deadline, f"{self.path} does not get empty: {pids}"
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.process.poll()
            time.sleep(0.002)
        self.process.wait()

    def remove(self) -> None:
        """Kill what is inside and remove the group everywhere."""
        self.kill()
        for directory in self.directories:
            for inner in sorted(directory.rglob("*/"), reverse=True):
                inner.rmdir()
            directory.rmdir()

    def _pids(self) -> set[int]:
        files = [f for d in self.directories for f in (d, *d.rglob("*/"))]
        return {int(pid) for f in files for pid in (f / "cgroup.procs").read_text().split()}


class Groups:
    """Makes groups below `parent`, which is in each hierarchy; a context that removes them all."""

    def __init__(self, directory: Path) -> None:
        """`directory` is empty, and outside the cgroup file system."""
        self.parent = f"/weir-{uuid.uuid4().hex[:8]}"
        self.is_v2 = (MOUNT / "cgroup.controllers").exists()
        mounts = [MOUNT] if self.is_v2 else [MOUNT / c for c in CONTROLLERS]
        self._parents = [mount / self.parent[1:] for mount in mounts if mount.is_dir()]
        self._groups: list[Group] = []
        for parent in self._parents:
            parent.mkdir()
            if self.is_v2:
                self._delegate(parent)
            else:
                (directory / parent.parent.name).symlink_to(parent)
        self.root = self._parents[0] if self.is_v2 else directory

    def __enter__(self) -> Groups:
        return self

    @property
    def all(self) -> tuple[Group, ...]:
        """Those that were made, in that order."""
        return tuple(self._groups)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for group in self._groups:
            if group.directories[0].exists():
                group.remove()
        for parent in self._parents:
            for inner in sorted(parent.rglob("*/"), reverse=True):
                inner.rmdir()
            parent.rmdir()

    def add(self, script: str, path: str = "", own_network: bool = False) -> Group:
        """A new group in which `sh -c SCRIPT` runs; `path` is "/64 hex digits" unless given.

        With `own_network` the process has a network namespace with an interface eth0.
        """
        path = path or f"/{uuid.uuid4().hex}{uuid.uuid4().hex}"
        directories = [parent / path.lstrip("/") for parent in self._parents]
        for directory in directories:
            directory.mkdir(parents=True)
        enter = "".join(f"echo $$ > {directory}/cgroup.procs; " for directory in directories)
        if own_network:
            inner = f"ip link add eth0 type veth peer name veth0; {script}"
            script = f"exec unshare --net sh -c {shlex.quote(inner)}"
        process = subprocess.Popen(["sh", "-c", f"{enter}{script}"], stderr=subprocess.DEVNULL)
        group = Group(path, directories, process)
        self._groups.append(group)
        self._await(group, b"veth0:" if own_network else b"")
        return group

    def _await(self, group: Group, interface: bytes) -> None:
        deadline = time.monotonic() + 10
        network = Path(f"/proc/{group.pid}/net/dev")
        while (
            not all((d / "cgroup.procs").read_text() for d in group.directories)
            or interface not in network.read_bytes()
        ):
            assert time.monotonic() < deadline, f"the process did not enter {group.path}"
            time.sleep(0.002)

    def _delegate(self, parent: Path) -> None:
        for directory in (parent.parent, parent):
            (directory / "cgroup.subtree_control").write_text("+cpu +memory +io +pids")
