"""From cgroup paths to containers."""

from __future__ import annotations

import pytest

from collector.containers.names import Found, fallback
from collector.containers.paths import find

ID = "0123456789abcdef" * 4
OTHER = "f" * 64
UID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
UID_ = UID.replace("-", "_")
SLICE = f"kubepods-burstable-pod{UID_}.slice"
STATIC = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("path", "runtime", "pod"),
    [
        (f"/docker/{ID}", "docker", None),
        (f"/system.slice/docker-{ID}.scope", "docker", None),
        (f"/ecs/task/{ID}", "", None),
        (f"/custom/{ID}", "", None),
        (f"/kubepods/pod{UID}/{ID}", "", UID),
        (f"/kubepods/burstable/pod{UID}/{ID}", "", UID),
        (f"/kubepods/besteffort/pod{UID}/{ID}", "", UID),
        (f"/kubepods/burstable/pod{STATIC}/{ID}", "", STATIC),
        (
            f"/kubepods.slice/kubepods-pod{UID_}.slice/cri-containerd-{ID}.scope",
            "containerd",
            UID,
        ),
        (
            f"/kubepods.slice/kubepods-burstable.slice/{SLICE}/cri-containerd-{ID}.scope",
            "containerd",
            UID,
        ),
        (
            f"/kubepods.slice/kubepods-burstable.slice/{SLICE}/docker-{ID}.scope",
            "docker",
            UID,
        ),
        (
            f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{UID_}.slice"
            f"/crio-{ID}.scope",
            "crio",
            UID,
        ),
        (f"/kubepods/besteffort/pod{UID}/crio-{ID}", "crio", UID),
        (
            f"/system.slice/containerd.service/{SLICE}:cri-containerd:{ID}",
            "containerd",
            UID,
        ),
        (f"/libpod_parent/libpod-{ID}", "podman", None),
        (f"/machine.slice/libpod-{ID}.scope", "podman", None),
        (
            f"/machine.slice/machine-libpod_pod_{OTHER}.slice/libpod-{ID}.scope",
            "podman",
            None,
        ),
        (
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope",
            "podman",
            None,
        ),
        (f"/system.slice/app.service/libpod-payload-{ID}", "podman", None),
        (f"/system.slice/nerdctl-{ID}.scope", "containerd", None),
        (f"/docker/{OTHER}/docker/{ID}", "docker", None),
        (f"/docker/{OTHER}/kubelet/kubepods/burstable/pod{UID}/{ID}", "", UID),
        (
            f"/system.slice/docker-{OTHER}.scope/kubelet.slice/kubelet-kubepods.slice"
            f"/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod{UID_}.slice"
            f"/cri-containerd-{ID}.scope",
            "containerd",
            UID,
        ),
    ],
)
def test_containers(path: str, runtime: str, pod: str | None) -> None:
    assert find(path) == Found(path, ID, runtime, pod)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/docker",
        "/system.slice/docker.service",
        f"/kubepods/burstable/pod{UID}",
        f"/kubepods.slice/kubepods-pod{UID_}.slice",
        f"/machine.slice/libpod-conmon-{ID}.scope",
        f"/libpod_parent/libpod-conmon-{ID}",
        f"/libpod_parent/{ID}",
        f"/kubepods.slice/{SLICE}/crio-conmon-{ID}.scope",
        f"/machine.slice/libpod-{ID}.scope/container",
        f"/system.slice/docker-{ID}.scope/init.scope",
        f"/system.slice/var-lib-docker-overlay2-{ID}-merged.mount",
        f"/docker/{ID[:-1]}",
        f"/docker/{ID}0",
        f"/docker/{ID.upper()}",
        f"/docker/{ID}\n",
    ],
)
def test_what_is_no_container(path: str) -> None:
    assert find(path) is None


def test_names_without_a_runtime_come_from_the_path() -> None:
    assert fallback(Found("/docker/x", ID, "docker")).container == f"docker-{ID[:12]}"
    pod = fallback(Found("/kubepods/x", ID, "", UID))
    assert (pod.container, pod.pod) == (f"container-{ID[:12]}", f"pod{UID}")
