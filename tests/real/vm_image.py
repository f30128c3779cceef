"""The virtual machine's disk: Debian 12 with systemd, cgroup v2, Docker, containerd and Podman.

Built once and kept.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.real.busybox import archive
from tests.real.require import program, root

PACKAGES = (
    "systemd,systemd-sysv,udev,dbus,dbus-user-session,libpam-systemd,linux-image-cloud-amd64,"
    "docker.io,podman,crun,netavark,iptables,uidmap,slirp4netns,iproute2,python3,busybox-static"
)
RELEASE = "bookworm"
BUSYBOX = "/var/lib/busybox.tar"
USER = "weir"
"""An ordinary user, number 1000, who may run containers with limits: rootless."""

# One shell on the second serial port: a line of base64 in, its output and exit code out.
SHELL = """\
#!/bin/sh
stty -F /dev/ttyS1 raw -echo
exec < /dev/ttyS1 > /dev/ttyS1
echo ready
while read -r line; do
    echo "$line" | base64 -d > /run/weir-command
    timeout 120 sh /run/weir-command > /run/weir-output 2>&1 < /dev/null
    code=$?
    echo "$code $(base64 -w0 /run/weir-output)"
done
"""
SHELL_UNIT = """\
[Unit]
After=docker.service network-online.target
Wants=network-online.target
[Service]
ExecStartPre=/bin/sh -c 'mkdir -p /opt/weir && tar -xf /dev/vdb -C /opt/weir'
ExecStart=/bin/sh /usr/local/sbin/weir-shell
Restart=always
KillMode=process
StandardError=journal+console
[Install]
WantedBy=multi-user.target
"""
DELEGATED = "[Service]\nDelegate=cpu cpuset io memory pids\n"
NETWORK = "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n"
FILES = {
    "usr/local/sbin/weir-shell": SHELL,
    "etc/systemd/system/weir-shell.service": SHELL_UNIT,
    "etc/systemd/network/10-user.network": NETWORK,
    "etc/systemd/system/user@.service.d/delegate.conf": DELEGATED,
    "etc/docker/daemon.json": '{"iptables": false}\n',
    "etc/hostname": "weir-vm\n",
}
UNITS = ("weir-shell.service", "systemd-networkd.service", "systemd-networkd-wait-online.service")
SLOW_UNITS = ("apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer")


@dataclass(frozen=True)
class Image:
    """What qemu boots."""

    kernel: Path
    initrd: Path
    disk: Path


def cache_directory() -> Path:
    """WEIR_TEST_CACHE, or ~/.cache/weir-tests."""
    return Path(os.environ.get("WEIR_TEST_CACHE", "~/.cache/weir-tests")).expanduser()


def image() -> Image:
    """The image, built first where this recipe's is not in the cache yet: about two minutes."""
    root("building the virtual machine")
    debootstrap = program("debootstrap", "debootstrap debian-archive-keyring")
    program("mke2fs", "e2fsprogs")
    recipe = repr((PACKAGES, RELEASE, BUSYBOX, USER, FILES, UNITS, SLOW_UNITS))
    directory = cache_directory() / f"vm-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    directory.parent.mkdir(parents=True, exist_ok=True)
    with (directory.parent / "vm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            _build(debootstrap, directory)
    return Image(directory / "vmlinuz", directory / "initrd", directory / "disk.ext4")


def _build(debootstrap: str, directory: Path) -> None:
    work = directory.with_suffix(".partial")
    shutil.rmtree(work, ignore_errors=True)
    rootfs = work / "rootfs"
    rootfs.mkdir(parents=True)
    _run(debootstrap, "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(rootfs))
    for name, text in FILES.items():
        path = rootfs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _run("chroot", str(rootfs), "systemctl", "enable", *UNITS)
    _run("chroot", str(rootfs), "systemctl", "mask", *SLOW_UNITS)
    _run("chroot", str(rootfs), "passwd", "-d", "root")
    _run("chroot", str(rootfs), "useradd", "--create-home", "--shell=/bin/sh", USER)
    archive(rootfs / BUSYBOX.lstrip("/"))
    for kind in ("vmlinuz", "initrd"):
        shutil.copy(next((rootfs / "boot").glob(f"{kind}*")).resolve(), work / kind)
    _run("mke2fs", "-q", "-t", "ext4", "-d", str(rootfs), str(work / "disk.ext4"), "3G")
    shutil.rmtree(rootfs)
    work.rename(directory)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = (done.stdout + done.stderr)[-2000:]
    assert done.returncode == 0, f"{' '.join(command)[:200]} failed:\n{output}"
