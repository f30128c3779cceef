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
        (f"/system.slice/app.slice/app.service/libpod-payload-{ID}", "podman", None),
        (f"/libpod_parent/{OTHER}/libpod-{ID}", "podman", None),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice"
            f"/user-libpod_pod_{OTHER}.slice/libpod-{ID}.scope",
            "podman",
            None,
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service"
            f"/libpod-payload-{ID}",
            "podman",
            None,
        ),
        (
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope",
            "docker",
            None,
        ),
        (f"/system.slice/nerdctl-{ID}.scope", "containerd", None),
        (
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-{ID}.scope",
            "containerd",
            None,
        ),
        (f"/default/{ID}", "containerd", None),
        (f"/k8s.io/{ID}", "containerd", None),
        (f"/staging/{ID}", "", None),
        (f"/crio/crio-{ID}", "crio", None),
        (
            f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{STATIC}.slice"
            f"/crio-{ID}.scope",
            "crio",
            STATIC,
        ),
        (
            f"/system.slice/containerd.service/kubepods-pod{UID_}.slice:cri-containerd:{ID}",
            "containerd",
            UID,
        ),
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


def test_containerds_own_namespace_has_containers_with_names() -> None:
    for name in ("web", "web-1", "a_b.c", "x" * 76):
        assert find(f"/default/{name}") == Found(f"/default/{name}", name, "containerd")


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
        "/docker/buildkit/x8h2k5m9qz1r7t3v6w0y4b2nd",
        "/system.slice/docker-buildkit-x8h2k5m9qz1r7t3v6w0y4b2nd.scope",
        f"/system.slice/{UID}.service",
        f"/system.slice/app.service/runtime/libpod-conmon-{ID}",
        f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-conmon-{ID}.scope",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/podman-pause-50f473cc.scope",
        "/machine.slice/machine-libpod_pod_" + OTHER + ".slice",
        "/libpod_parent",
        "/k8s.io/web",
        "/default",
        "/default/web/inner",
        f"/docker/{OTHER}/default/web",
        "/default/.hidden",
        "/default/" + "x" * 77,
        "/system.slice/nginx.service",
    ],
)
def test_what_is_no_container(path: str) -> None:
    assert find(path) is None


def test_names_without_a_runtime_come_from_the_path() -> None:
    assert fallback(Found("/docker/x", ID, "docker")).container == f"docker-{ID[:12]}"
    web = fallback(Found("/default/web-1", "web-1", "containerd"))
    assert (web.container, web.namespace) == ("web-1", None)
    pod = fallback(Found("/kubepods/x", ID, "", UID))
    assert (pod.container, pod.pod) == (f"container-{ID[:12]}", f"pod{UID}")
