"""The one image that containers are made of: Debian's static busybox and a link for each applet."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from tests.real.require import program

IMAGE = "busybox:test"


def archive(path: Path) -> Path:
    """Write the image's root file system as a tar for `docker import`; returns `path`."""
    busybox = program("busybox", "busybox-static")
    shown = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    with tarfile.open(path, "w") as tar:
        for folder in ("bin", "tmp", "proc", "sys", "dev", "etc"):
            tar.addfile(_member(folder, tarfile.DIRTYPE))
        content = Path(busybox).read_bytes()
        tar.addfile(_member("bin/busybox", tarfile.REGTYPE, len(content)), io.BytesIO(content))
        for applet in set(shown.stdout.split()) - {"busybox"}:
            link = _member(f"bin/{applet}", tarfile.SYMTYPE)
            link.linkname = "busybox"
            tar.addfile(link)
    return path


def _member(name: str, kind: bytes, size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.mode = kind, size, 0o755
    return member
