"""A missing part skips its tests with the words what to install; in CI it fails them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def absent(part: str, remedy: str) -> NoReturn:
    """Skip the running test, or fail it where CI=true: there every part has to be present."""
    words = f"needs {part}: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(words, pytrace=False)
    pytest.skip(words)


def program(name: str, package: str) -> str:
    """The path of a program of a Debian package, searched where the package puts it first."""
    standard = os.pathsep.join(("/usr/bin", "/usr/sbin", "/bin", "/sbin", os.environ["PATH"]))
    path = shutil.which(name, path=standard)
    return path if path else absent(name, f"apt-get install {package}")


def root(part: str) -> None:
    """The part can only be started by root."""
    if os.geteuid() != 0:
        absent(f"root's rights for {part}", "run the tests as root")


def cgroup_mount(path: Path = Path("/sys/fs/cgroup")) -> None:
    """Containers need a cgroup file system that can be written to."""
    if not os.access(path, os.W_OK):
        absent(f"a writable {path}", "run the tests on a host or in a privileged container")
