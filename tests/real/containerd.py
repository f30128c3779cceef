"""A private containerd: own root, state and socket, one small image; `ctr` is its client."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.real.busybox import saved
from tests.real.cgroups import cgroup_of, cgroups_of
from tests.real.interface import add_interface
from tests.real.podman import FULL_IMAGE
from tests.real.process import Process, wait_until
from tests.real.require import program

CONFIG = """\
version = 2
root = "{directory}/root"
state = "{directory}/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.grpc.v1.cri"]
[grpc]
address = "{directory}/containerd.sock"
[ttrpc]
address = "{directory}/ttrpc.sock"
[debug]
address = "{directory}/debug.sock"
"""

SHARED = ("default", "k8s.io")
"""Namespaces whose groups other tests may be using just now."""


class Container:
    """A container with a running task, and where the kernel keeps its figures."""

    def __init__(self, containerd: Containerd, namespace: str, identity: str) -> None:
        self.containerd = containerd
        self.namespace = namespace
        self.id = self.name = identity

    @property
    def pid(self) -> int:
        """The host's process id of the container's first process; 0 when it does not run."""
        for line in self._ctr("tasks", "ls").splitlines()[1:]:
            identity, pid, _ = line.split()
            if identity == self.id:
                return int(pid)
        return 0

    def cgroup(self, controller: str) -> Path:
        """The container's directory in the hierarchy of a v1 controller, or in v2's (`""`)."""
        return cgroup_of(self.pid, controller)

    def exec(self, *command: str) -> str:
        return self._ctr("tasks", "exec", "--exec-id", uuid.uuid4().hex, self.id, *command)

    def add_interface(self, name: str = "eth0") -> None:
        """Give the container's network an interface, up, that nobody answers on."""
        add_interface(self.pid, name)

    def remove(self) -> None:
        """End it, and the group of its pod or namespace when nothing else is in there."""
        parents = {group.parent for group in cgroups_of(self.pid).values()} if self.pid else set()
        self._ctr("tasks", "rm", "-f", self.id)
        self._ctr("containers", "rm", self.id)
        for parent in parents:
            if parent.name not in SHARED and not any(parent.glob("*/")):
                parent.rmdir()

    def _ctr(self, *arguments: str) -> str:
        return self.containerd.ctr(*arguments, namespace=self.namespace)


class Containerd:
    """containerd under a temporary directory. `state` is its state directory, with the bundles."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.socket = directory / "containerd.sock"
        self._client = program("ctr", "containerd")
        self._imported: set[str] = set()
        self._daemon = Process([], directory / "containerd.log")

    def start(self) -> None:
        """Start the daemon, and wait until it answers."""
        program("runc", "runc")
        config = self.directory / "config.toml"
        config.write_text(CONFIG.format(directory=self.directory))
        self._daemon.arguments = [program("containerd", "containerd"), f"--config={config}"]
        self._daemon.start()
        self._daemon.ready(self.answers, seconds=60)

    def stop(self) -> None:
        """End the containers and the daemon."""
        if self._daemon.running():
            for namespace in self.ctr("namespaces", "ls", "-q").split():
                for identity in self.ctr("tasks", "ls", "-q", namespace=namespace).split():
                    Container(self, namespace, identity).remove()
        self._daemon.stop()

    def answers(self) -> bool:
        return self._ctr("default", "version").returncode == 0

    def ctr(self, *arguments: str, namespace: str = "default") -> str:
        """Run `ctr -n NAMESPACE ARGUMENTS`; its output, stripped."""
        done = self._ctr(namespace, *arguments)
        assert done.returncode == 0, f"ctr {' '.join(arguments)}: {done.stderr.strip()}"
        return done.stdout.strip()

    def run(
        self,
        *command: str,
        namespace: str = "default",
        identity: str = "",
        annotations: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> Container:
        """Start a container of the busybox image, by an id of 64 hex digits unless one is given.

        The kubelet's layout: `options=("--cgroup", "/kubepods/burstable/pod<uid>/<id>")`,
        `namespace="k8s.io"`, and the annotations that containerd's CRI plugin writes.
        """
        identity = identity or uuid.uuid4().hex + uuid.uuid4().hex
        self._import(namespace)
        noted = [f"--annotation={key}={value}" for key, value in (annotations or {}).items()]
        run = ("run", "-d", "--null-io", *noted, *options, FULL_IMAGE, identity, *command)
        self.ctr(*run, namespace=namespace)
        container = Container(self, namespace, identity)
        wait_until(lambda: container.pid, f"{identity} runs")
        return container

    def _import(self, namespace: str) -> None:
        """Bring the image into the namespace; each has its own."""
        if namespace not in self._imported:
            image = saved(self.directory / "image.tar", FULL_IMAGE)
            self.ctr("images", "import", str(image), namespace=namespace)
            self._imported.add(namespace)

    def _ctr(self, namespace: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._client, "-a", str(self.socket), "-n", namespace, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
