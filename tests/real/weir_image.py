"""An image of the collector for `docker import`: what deploy/Dockerfile makes, without a registry.

Python and its libraries are copied from this machine.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.real.require import program
from tests.real.vm import payload

IMAGE = "weir:test"
USER = 65532
CHANGES = (
    'ENTRYPOINT ["/opt/python/bin/python3", "-m", "weir"]',
    "ENV PYTHONPATH=/opt/weir PYTHONDONTWRITEBYTECODE=1",
    "USER weir",
    "VOLUME /data",
)
_LEFT_OUT = re.compile(
    r"/(site-packages|dist-packages|test|idlelib|tkinter|config-.*|__pycache__)/"
)


def archive(path: Path) -> Path:
    """Write the root file system as a tar; returns `path`."""
    python = Path(sys.base_prefix, "bin", f"python{sysconfig.get_python_version()}").resolve()
    library = Path(sysconfig.get_path("stdlib"))
    with tarfile.open(path, "w", dereference=True) as tar:
        for folder in ("tmp", "proc", "sys", "dev", "etc", "data"):
            tar.addfile(_folder(folder))
        _add_text(tar, "etc/passwd", f"weir:x:{USER}:{USER}::/data:/bin/false\n")
        tar.add(python, "opt/python/bin/python3")
        tar.add(library, f"opt/python/lib/{library.name}", filter=_wanted)
        code = io.BytesIO(payload("collector", ("collector", "monitor", "weir")))
        with tarfile.open(fileobj=code) as weir:
            for member in weir:
                member.name = f"opt/weir/{member.name}"
                tar.addfile(member, weir.extractfile(member) if member.isfile() else None)
        compiled = Path(sysconfig.get_path("platlib")).glob("psutil/*.so")
        for name in _libraries((python, *library.glob("lib-dynload/*.so"), *compiled)):
            tar.add(name, name.lstrip("/"))
    return path


def _folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    if name == "data":
        member.uid = member.gid = USER
    return member


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(text), 0o644
    tar.addfile(member, io.BytesIO(text.encode()))


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if _LEFT_OUT.search(f"/{member.name}/") else member


def _libraries(files: Iterable[Path]) -> Iterator[str]:
    """The shared libraries that the files need, the loader among them."""
    ldd = program("ldd", "libc-bin")
    shown = subprocess.run([ldd, *files], capture_output=True, text=True, check=False).stdout
    yield from sorted(set(re.findall(r"(?:=> |^\t)(/\S+) \(0x", shown, re.MULTILINE)))
