"""An ordinary user, nobody, who runs `weir` from a copy of the code that anyone may read."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.real.process import Process, unused_port
from tests.real.require import absent, root
from tests.real.vm import payload

USER = 65534
_AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--")


class Ordinary:
    """`directory` is the user's own and its home; the context removes it."""

    def __init__(self, home_is_writable: bool = True) -> None:
        root("becoming another user")
        self.directory = Path(tempfile.mkdtemp(prefix="weir-nobody-"))
        self.directory.chmod(0o755)
        self.home = self.directory / "home"
        self.home.mkdir()
        shutil.chown(self.home, USER if home_is_writable else 0, USER)
        code = payload("collector", ("collector", "monitor", "weir"))
        with tarfile.open(fileobj=io.BytesIO(code)) as archive:
            archive.extractall(self.directory / "code", filter="data")
        self._python = next(filter(_may_run, (sys.executable, "/usr/bin/python3")), None)
        if self._python is None:
            self.__exit__()
            absent("a Python of this version that nobody may run", "apt-get install python3")

    def __enter__(self) -> Ordinary:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    def command(self, *arguments: str) -> list[str]:
        """`weir ARGUMENTS` as this user, with no other environment than its own."""
        assert self._python is not None
        environment = (
            f"HOME={self.home}",
            f"PYTHONPATH={self.directory / 'code'}",
            "PATH=/usr/bin",
        )
        return ["env", "-i", *environment, *_AS_USER, self._python, "-m", "weir", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd="/", capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip


class OrdinaryCollector(Process):
    """A collector of that user's. `url` is where it serves."""

    def __init__(self, user: Ordinary, *options: str) -> None:
        port = unused_port()
        self.url = f"http://127.0.0.1:{port}"
        listen = f"--listen=127.0.0.1:{port}"
        super().__init__(
            user.command("collector", listen, *options), user.directory / "collector.log"
        )


def _may_run(python: str) -> bool:
    version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    try:
        done = subprocess.run([*_AS_USER, python, "-c", version], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0
