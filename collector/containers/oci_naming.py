"""What the annotations of a container's OCI bundle call it, by the runtime that wrote them.

| runtime          | the source of what is here              | what says the names                 |
|------------------|-----------------------------------------|-------------------------------------|
| containerd's CRI | internal/cri/annotations                | io.kubernetes.cri.container-name, … |
| nerdctl          | pkg/labels (its labels, as annotations) | nerdctl/name                        |
| CRI-O            | internal/factory/container, server      | the kubelet's labels, as annotations|
| podman           | libpod/storage.go                       | not the bundle: see state_roots.py  |

Pure: mappings in, namings out. Names are hostile, so they are capped and escaped here.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.containers.labels import (
    COMPOSE_PROJECT,
    POD_CONTAINER,
    POD_NAME,
    POD_NAMESPACE,
    POD_UID,
    SANDBOX,
    capped,
    kept,
)
from collector.containers.names import Naming, is_digest
from monitor.escaping import safe_name

_CRI = "io.kubernetes.cri."
_CRIO = "io.kubernetes.cri-o."
_NERDCTL = "nerdctl/"
_PODMAN = ("io.podman.annotations.", "io.container.manager", _CRIO)
_KUBELET = (POD_NAME, POD_NAMESPACE, POD_UID, POD_CONTAINER)
CONTAINERD_NAMESPACE = "io.containerd.namespace"
"""The label under which containerd's own namespace is shown: it is no namespace of Kubernetes."""


def of_containerd(noted: Mapping[str, str], namespace: str, id: str, pods: bool) -> Naming:
    """The naming of a container in one of containerd's namespaces.

    What only ctr started has no name but its id. `pods` says whether its word about a pod counts.
    """
    pod = noted.get(f"{_CRI}sandbox-name")
    if pods and pod:
        return _of_cri(noted, pod, id)
    name = noted.get(f"{_NERDCTL}name") or (f"containerd-{id[:12]}" if is_digest(id) else id)
    labels = {key: noted[key] for key in noted if not key.startswith((_NERDCTL, _CRI))}
    labels[CONTAINERD_NAMESPACE] = namespace
    few = capped(labels)
    return Naming(
        container=safe_name(name),
        namespace=kept(noted.get(COMPOSE_PROJECT)),
        name=safe_name(name),
        labels=few,
        labels_left_out=len(labels) - len(few),
    )


def _of_cri(noted: Mapping[str, str], pod: str, id: str) -> Naming:
    is_sandbox = noted.get(f"{_CRI}container-type") == "sandbox"
    container = SANDBOX if is_sandbox else noted.get(f"{_CRI}container-name") or id[:12]
    namespace = noted.get(f"{_CRI}sandbox-namespace", "")
    uid = noted.get(f"{_CRI}sandbox-uid", "")
    labels = {POD_NAME: pod, POD_NAMESPACE: namespace, POD_UID: uid, POD_CONTAINER: container}
    image = noted.get(f"{_CRI}podsandbox.image-name" if is_sandbox else f"{_CRI}image-name", "")
    return Naming(
        container=safe_name(container),
        namespace=kept(namespace),
        pod=safe_name(pod),
        image=safe_name(image),
        name=safe_name(id),
        labels=capped({key: value for key, value in labels.items() if value}),
        is_sandbox=is_sandbox,
    )


def of_crio(noted: Mapping[str, str], id: str) -> Naming | None:
    """The naming of one of CRI-O's containers; None for another's."""
    if noted.get("io.container.manager") != "cri-o":
        return None
    is_sandbox = noted.get(f"{_CRIO}ContainerType") == "sandbox"
    name = noted.get(f"{_CRIO}Name") or id[:12]
    container = SANDBOX if is_sandbox else noted.get(POD_CONTAINER) or name
    labels = {key: noted[key] for key in _KUBELET if key in noted}
    return Naming(
        container=safe_name(container),
        namespace=kept(noted.get(POD_NAMESPACE) or noted.get(f"{_CRIO}Namespace")),
        pod=kept(noted.get(POD_NAME) or noted.get(f"{_CRIO}KubeName")),
        image=safe_name(noted.get(f"{_CRIO}ImageName") or noted.get(f"{_CRIO}Image") or ""),
        name=safe_name(name),
        labels=capped(labels),
        is_sandbox=is_sandbox,
    )


def of_podman(noted: Mapping[str, str], name: str, image: str) -> Naming:
    """The naming of one of podman's containers, whose name and image its storage has listed."""
    labels = {key: noted[key] for key in noted if not key.startswith(_PODMAN)}
    few = capped(labels)
    return Naming(
        container=safe_name(name),
        namespace=kept(noted.get(COMPOSE_PROJECT)),
        image=safe_name(image),
        name=safe_name(name),
        labels=few,
        labels_left_out=len(labels) - len(few),
    )
