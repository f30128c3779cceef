"""The image that deploy/Dockerfile makes, built by the real engine without a registry.

Its base, python:3.11-slim, is a minimal Debian with Debian's Python 3.11 and the locked
wheels, which pip is told to take instead of an index; the Dockerfile is the one that users build.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.real.debian import root_file_system
from tests.real.docker import Engine
from tests.real.require import absent

IMAGE = "weir"
BASE = "python:3.11-slim"
USER = 65532
PROJECT = Path(__file__).parents[2]
LOCK = PROJECT / "requirements" / "all.lock"
_PYTHON = "python3,python3-venv,python-is-python3"
_RECIPE = """\
FROM debian:python
COPY wheels /wheels
COPY pip.conf /etc/pip.conf
"""
_PIP_CONF = "[global]\nno-index = true\nfind-links = /wheels\ndisable-pip-version-check = true\n"


def make_base(engine: Engine) -> None:
    """Tag the stand-in for the public base image."""
    engine.cli("import", str(root_file_system(_PYTHON)), "debian:python")
    with tempfile.TemporaryDirectory(prefix="weir-base-") as name:
        context = Path(name)
        _download_wheels(context / "wheels")
        (context / "pip.conf").write_text(_PIP_CONF)
        (context / "Dockerfile").write_text(_RECIPE)
        engine.cli("build", "--network=none", "--tag", BASE, str(context))


def build(engine: Engine) -> None:
    """`docker build` as in the README."""
    make_base(engine)
    dockerfile = str(PROJECT / "deploy" / "Dockerfile")
    engine.cli("build", "--network=none", "--file", dockerfile, "--tag", IMAGE, str(PROJECT))


def _download_wheels(into: Path) -> None:
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:")
    locked = ("--require-hashes", "--requirement", str(LOCK), "--dest", str(into))
    done = subprocess.run([*pip, *locked], capture_output=True, text=True, check=False)
    if done.returncode:
        absent("the locked wheels", f"a package index for pip: {done.stderr.strip()[-500:]}")
