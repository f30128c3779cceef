"""A virtual machine with cgroup v2 and the systemd driver, in software emulation: qemu, no KVM."""

from __future__ import annotations

import base64
import io
import re
import socket
import tarfile
import time
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from tests.real.process import Process, unused_port, wait_until
from tests.real.require import program
from tests.real.vm_image import image

PROJECT = Path(__file__).parents[2]
BOOT_SECONDS = 240.0


class VirtualMachine:
    """Boots, runs shell commands, and ends without a trace: writes go to a temporary file.

    `payload` is a tar that the machine finds unpacked in /opt/weir. `ports` of the machine can be
    reached on the host: `vm.url(9180)`.
    """

    def __init__(self, directory: Path, payload: bytes, ports: Iterable[int] = ()) -> None:
        self._qemu = program("qemu-system-x86_64", "qemu-system-x86")
        self._shell_path = directory / "shell"
        self._payload = directory / "payload.tar"
        self._payload.write_bytes(payload)
        self._ports = {port: unused_port() for port in ports}
        self._console = directory / "console.log"
        self._process = Process(self._arguments(), directory / "qemu.log")
        self._shell: socket.socket | None = None
        self._received = b""

    def start(self) -> None:
        """Boot, and wait for the shell; the failure shows the end of the console."""
        self._process.start()
        try:
            self._process.ready(self._connected, 10)
            while self._line(BOOT_SECONDS) != b"ready":
                pass
        except (AssertionError, OSError) as error:
            raise AssertionError(f"no boot: {error}\n{self.console()}") from None

    def stop(self) -> None:
        if self._shell is not None:
            self._shell.close()
        self._process.stop()

    def url(self, port: int) -> str:
        """Where the host reaches the machine's port."""
        return f"http://127.0.0.1:{self._ports[port]}"

    def console(self, characters: int = 3000) -> str:
        """The end of what the machine printed to its console."""
        if not self._console.exists():
            return ""
        text = self._console.read_text(errors="replace")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)[-characters:]

    def run(self, command: str, seconds: float = 120.0) -> str:
        """Run a shell command as root in the machine; its output, stripped."""
        assert self._shell is not None, "not started"
        self._shell.sendall(base64.b64encode(command.encode()) + b"\n")
        code, _, encoded = self._line(seconds).partition(b" ")
        output = base64.b64decode(encoded).decode(errors="replace").strip()
        assert code == b"0", f"{command}: {code.decode()}: {output}\n{self.console(1000)}"
        return output

    def wait(self, command: str, seconds: float = 60.0) -> None:
        """Wait until the command succeeds."""
        wait_until(
            lambda: self.run(f"if {command}; then echo yes; fi").endswith("yes"),
            f"in the machine: {command}",
            seconds,
            pause=0.5,
        )

    def _connected(self) -> bool:
        """Whether the shell's port takes a connection; the file is there before it does."""
        self._shell = socket.socket(socket.AF_UNIX)
        return self._shell.connect_ex(str(self._shell_path)) == 0

    def _line(self, seconds: float) -> bytes:
        assert self._shell is not None
        deadline = time.monotonic() + seconds
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            assert left > 0, f"no answer within {seconds:g} s\n{self.console()}"
            self._shell.settimeout(left)
            try:
                received = self._shell.recv(65536)
            except TimeoutError:
                continue
            assert received, f"the machine ended\n{self._process.tail()}\n{self.console()}"
            self._received += received
        line, _, self._received = self._received.partition(b"\n")
        return line.strip()

    def _arguments(self) -> list[str]:
        built = image()
        forwards = "".join(
            f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for guest, host in self._ports.items()
        )
        return [
            self._qemu,
            *("-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024"),
            *("-display", "none", "-no-reboot", "-kernel", str(built.kernel)),
            *("-initrd", str(built.initrd)),
            *("-append", "root=/dev/vda rw console=ttyS0 quiet apparmor=0"),
            *("-drive", f"file={built.disk},if=virtio,format=raw,snapshot=on"),
            *("-drive", f"file={self._payload},if=virtio,format=raw,readonly=on"),
            *("-serial", f"file:{self._console}"),
            *("-serial", f"unix:{self._shell_path},server=on,wait=off"),
            *("-nic", f"user,model=virtio-net-pci{forwards}"),
        ]


def payload(extra: str, folders: Iterable[str]) -> bytes:
    """A tar of the project's `folders` and of what `weir[extra]` needs as it is installed here: the
    machine has a Python and no package index."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in folders:
            archive.add(PROJECT / folder, folder, filter=_source)
        for name in requirements("weir", extra):
            for file in distribution(name).files or ():
                installed = file.parts[0] != ".." and not file.name.endswith((".pyc", ".pth"))
                if installed and (name != "weir" or file.parts[0].endswith(".dist-info")):
                    archive.add(str(file.locate()), str(file))
    return buffer.getvalue()


def requirements(name: str, extra: str = "") -> set[str]:
    """The names of a distribution and of all that it needs, with the extra given."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found = {canonicalize_name(name)}
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        if canonicalize_name(requirement.name) not in found:
            found |= requirements(requirement.name)
    return found


def _source(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member
