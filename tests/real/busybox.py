"""The one image that containers are made of: Debian's static busybox and a link for each applet."""

from __future__ import annotations

import hashlib
import io
import json
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


def saved(path: Path, name: str) -> Path:
    """Write the whole image as `docker save` does, under the name; returns `path`.

    For `ctr images import` and `podman load`, which do not take a bare root file system.
    """
    layer = archive(path.with_suffix(".layer")).read_bytes()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {
        "layer.tar": layer,
        "config.json": json.dumps(config).encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(path, "w") as tar:
        for member, content in files.items():
            tar.addfile(_member(member, tarfile.REGTYPE, len(content)), io.BytesIO(content))
    return path


def _member(name: str, kind: bytes, size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.mode = kind, size, 0o755
    return member
