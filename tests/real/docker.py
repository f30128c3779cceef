"""A private Docker engine: own socket, own storage, own bridge, one small image, no registry."""

from __future__ import annotations

import json
import os
import re
import subprocess
import uuid
from pathlib import Path
from typing import Any

from tests.real.busybox import IMAGE, archive
from tests.real.cgroups import cgroup_of
from tests.real.process import Process
from tests.real.require import program


class Container:
    """A running container of the engine, and where the kernel keeps its figures."""

    def __init__(self, engine: Engine, identity: str, name: str) -> None:
        self.engine = engine
        self.id = identity
        self.name = name

    @property
    def pid(self) -> int:
        """The host's process id of the container's first process; 0 when it does not run."""
        return int(self.engine.cli("inspect", "-f", "{{.State.Pid}}", self.id))

    def cgroup(self, controller: str) -> Path:
        """The container's directory in the hierarchy of a v1 controller, or in v2's (`""`)."""
        return cgroup_of(self.pid, controller)

    def exec(self, *command: str) -> str:
        return self.engine.cli("exec", self.id, *command)

    def stop(self) -> None:
        self.engine.cli("stop", "-t", "1", self.id)

    def restart(self) -> None:
        self.engine.cli("restart", "-t", "1", self.id)

    def remove(self) -> None:
        self.engine.cli("rm", "-f", self.id)


class Engine:
    """dockerd under a temporary directory. `url` and `socket` are its address."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "docker.sock"
        self.url = f"unix://{self.socket}"
        self._client = program("docker", "docker.io")
        self._ip = program("ip", "iproute2")
        self._bridge = ""
        self._daemon = Process([], directory / "dockerd.log")

    def start(self) -> None:
        """Start the daemon, wait until it answers and import the image."""
        program("iptables", "iptables")
        self._bridge = self._make_bridge()
        self._daemon.arguments = [
            program("dockerd", "docker.io"),
            f"--data-root={self.directory / 'data'}",
            f"--exec-root={self.directory / 'exec'}",
            f"--host={self.url}",
            f"--pidfile={self.directory / 'pid'}",
            f"--bridge={self._bridge}",
            "--iptables=false",
        ]
        self._daemon.start()
        self._daemon.ready(self.answers, seconds=60)
        self.cli("import", str(archive(self.directory / "rootfs.tar")), IMAGE)

    def stop(self) -> None:
        """End the containers, the daemon and its bridge."""
        if self._daemon.running():
            containers = self.cli("ps", "-aq").split()
            if containers:
                self.cli("rm", "-f", *containers)
        self._daemon.stop()
        self._unmount()
        subprocess.run([self._ip, "link", "delete", self._bridge], check=False, capture_output=True)

    def answers(self) -> bool:
        return self._docker("version").returncode == 0

    def cli(self, *arguments: str) -> str:
        """Run `docker ARGUMENTS` on this engine; its output, stripped."""
        done = self._docker(*arguments)
        assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr.strip()}"
        return done.stdout.strip()

    def run(self, *command: str, name: str = "", options: tuple[str, ...] = ()) -> Container:
        """Start a container of the busybox image: `engine.run("sleep", "100", name="idle")`."""
        name = name or f"weir-{uuid.uuid4().hex[:8]}"
        return Container(
            self, self.cli("run", "-d", "--name", name, *options, IMAGE, *command), name
        )

    def stats(self, *containers: Container) -> list[dict[str, Any]]:
        """One sample of `docker stats` for each container, as the client prints it."""
        names = [container.name for container in containers]
        shown = self.cli("stats", "--no-stream", "--format", "{{json .}}", *names)
        return [json.loads(line) for line in shown.splitlines()]

    def _docker(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._client, "-H", self.url, *arguments], capture_output=True, text=True, check=False
        )

    def _unmount(self) -> None:
        """dockerd leaves the host's network namespace mounted once a container has had it."""
        places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in places:
            if place.startswith(f"{self.directory}/"):
                subprocess.run(["umount", place], check=False, capture_output=True)

    def _make_bridge(self) -> str:
        """A bridge of our own: several engines on one machine would hand out the same addresses."""
        taken = subprocess.run([self._ip, "-4", "addr"], capture_output=True, text=True, check=True)
        used = {int(number) for number in re.findall(r"\b10\.213\.(\d+)\.", taken.stdout)}
        number = next(n for n in range(os.getpid() % 200, 256) if n not in used)
        name = f"weirt{number}"
        for command in (
            ["link", "add", name, "type", "bridge"],
            ["addr", "add", f"10.213.{number}.1/24", "dev", name],
            ["link", "set", name, "up"],
        ):
            subprocess.run([self._ip, *command], check=True, capture_output=True)
        return name
