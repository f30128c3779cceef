"""A private podman: own storage and state, cgroupfs and runc, one small image. It has no daemon."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path

from tests.real.busybox import IMAGE, saved
from tests.real.cgroups import cgroup_of
from tests.real.process import wait_until
from tests.real.require import program

FULL_IMAGE = f"docker.io/library/{IMAGE}"
"""The image's name as podman and containerd write it out."""


class Container:
    """A container of podman's, and where the kernel keeps its figures."""

    def __init__(self, podman: Podman, identity: str, name: str) -> None:
        self.podman = podman
        self.id = identity
        self.name = name

    @property
    def pid(self) -> int:
        """The host's process id of the container's first process; 0 when it does not run."""
        return int(self.podman.cli("inspect", "-f", "{{.State.Pid}}", self.id))

    def cgroup(self, controller: str) -> Path:
        """The container's directory in the hierarchy of a v1 controller, or in v2's (`""`)."""
        return cgroup_of(self.pid, controller)

    def exec(self, *command: str) -> str:
        return self.podman.cli("exec", self.id, *command)

    def stop(self) -> None:
        self.podman.cli("stop", "-t", "0", self.id)

    def start(self) -> None:
        self.podman.cli("start", self.id)

    def remove(self) -> None:
        """Podman gives processes ten seconds to die; held back by a quota they may need more."""
        wait_until(lambda: self.podman.removed(self.id), f"podman removed {self.name}", 60)


class Podman:
    """podman with everything it keeps under `directory`; `storage` is its containers' storage."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.storage = directory / "storage"
        program("conmon", "conmon")
        self._command = [
            program("podman", "podman"),
            f"--root={self.storage}",
            f"--runroot={directory / 'run'}",
            f"--tmpdir={directory / 'tmp'}",
            f"--network-config-dir={directory / 'networks'}",
            "--cgroup-manager=cgroupfs",
            f"--runtime={program('runc', 'runc')}",
            "--events-backend=file",
        ]

    def start(self) -> None:
        """Load the image; nothing keeps running."""
        self.cli("load", "-i", str(saved(self.directory / "image.tar", FULL_IMAGE)))

    def stop(self) -> None:
        """Remove the containers, and let go of what is mounted."""
        self._run("rm", "-f", "-a", "-t", "0")
        self._run("pod", "rm", "-f", "-a")
        subprocess.run(
            ["umount", "--lazy", str(self.storage / "overlay")], check=False, capture_output=True
        )

    def cli(self, *arguments: str) -> str:
        """Run `podman ARGUMENTS` on this storage; its output, stripped."""
        done = self._run(*arguments)
        assert done.returncode == 0, f"podman {' '.join(arguments)}: {done.stderr.strip()}"
        return done.stdout.strip()

    def run(self, *command: str, name: str = "", options: tuple[str, ...] = ()) -> Container:
        """Start a container of the busybox image: `podman.run("sleep", "100", name="idle")`.

        It has a network namespace of its own with nothing in it but lo.
        """
        name = name or f"weir-{uuid.uuid4().hex[:8]}"
        limits = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--network=none")
        run = ("run", "-d", "--name", name, *limits, *options, IMAGE, *command)
        return Container(self, self.cli(*run), name)

    def removed(self, container: str) -> bool:
        """Remove a container; False if podman did not yet manage to."""
        return self._run("rm", "-f", "-t", "0", container).returncode == 0

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._command, *arguments], capture_output=True, text=True, check=False
        )
