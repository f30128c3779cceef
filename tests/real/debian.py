"""Root file systems of Debian for `docker import`, in place of a registry: built once, kept."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.real.require import program, root
from tests.real.vm_image import RELEASE, cache_directory


def root_file_system(packages: str) -> Path:
    """A tar of a minimal Debian with the packages (`python3,curl`), built first if not cached.

    That takes half a minute; each set of packages is kept for itself.
    """
    root("building a root file system")
    debootstrap = program("debootstrap", "debootstrap debian-archive-keyring")
    recipe = hashlib.sha256(f"{packages} {RELEASE}".encode()).hexdigest()[:12]
    tar = cache_directory() / f"debian-{recipe}.tar"
    tar.parent.mkdir(parents=True, exist_ok=True)
    with tar.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tar.exists():
            _build(debootstrap, packages, tar)
    return tar


def _build(debootstrap: str, packages: str, tar: Path) -> None:
    tree, partial = tar.with_suffix(".tree"), tar.with_suffix(".partial")
    shutil.rmtree(tree, ignore_errors=True)
    without = ("./var/cache/apt", "./var/lib/apt/lists", "./usr/share/doc", "./usr/share/man")
    leave_out = [f"--exclude={path}/*" for path in without]
    for command in (
        [debootstrap, "--variant=minbase", f"--include={packages}", RELEASE, str(tree)],
        ["tar", *leave_out, "-C", str(tree), "-cf", str(partial), "."],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        output = (done.stdout + done.stderr)[-2000:]
        assert done.returncode == 0, f"{command[0]} for {packages} failed:\n{output}"
    shutil.rmtree(tree)
    partial.rename(tar)
