"""Where runtimes keep a container's state, and the naming that stands there.

| runtime       | below its state directory                                                     |
|---------------|-------------------------------------------------------------------------------|
| containerd    | io.containerd.runtime.v2.task/NAMESPACE/ID/config.json                        |
| CRI-O, podman | DRIVER-containers/ID/userdata/config.json, DRIVER-containers/containers.json  |

A bundle belongs to the cgroup with the same id. What users keep in their own directories names
containers, but says nothing about pods: a pod's name gives rights over its figures.
"""

from __future__ import annotations

import json
import os
import pwd
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from collector.containers.names import Naming
from collector.containers.oci_naming import of_containerd, of_crio, of_podman
from collector.containers.state_file import Unusable, read_json, texts, unless_absent

BUNDLE_BYTES = 1024 * 1024
LIST_BYTES = 16 * 1024 * 1024
_TASKS = "io.containerd.runtime.v2.task"
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OF_DOCKER = "moby"
"""containerd's namespace of Docker's containers; their bundles do not say their names."""
_DRIVER = re.compile(r"[a-z0-9]+-containers")
_LISTS = ("containers.json", "volatile-containers.json")
_USER = re.compile(r"/user-(\d{1,10})\.slice/")


class StateRoot(Protocol):
    """A runtime's state directory."""

    path: str

    def find(self, id: str) -> Naming | None:
        """The container's naming; None where it is not (yet) known here.

        Raises Unusable, and PermissionError.
        """


def roots(path: str, owner: int | None = None) -> tuple[StateRoot, ...]:
    """The directory, as containerd's and as containers/storage's.

    `owner` is the user id of a user's own directory, whose files must all be that user's.
    """
    return Containerd(path, owner), Storage(path, owner)


def roots_of_user(cgroup: str) -> tuple[StateRoot, ...]:
    """The directories of the user in whose slice the cgroup is; empty outside of one."""
    match = _USER.search(cgroup)
    if match is None:
        return ()
    uid = int(match[1])
    places = [f"/run/user/{uid}/containers", f"/run/user/{uid}/containerd"]
    with suppress(KeyError, OverflowError):  # not known here, as in a container of our own
        places.insert(0, f"{pwd.getpwuid(uid).pw_dir}/.local/share/containers/storage")
    return tuple(root for place in places for root in roots(place, uid))


class Containerd:
    """The state directory of a containerd."""

    def __init__(self, path: str, owner: int | None = None) -> None:
        self.path = path
        self._owner = owner

    def find(self, id: str) -> Naming | None:
        for namespace in _directories(f"{self.path}/{_TASKS}", _NAMESPACE):
            if namespace == _OF_DOCKER:
                continue
            path = f"{self.path}/{_TASKS}/{namespace}/{id}/config.json"
            bundle = read_json(path, BUNDLE_BYTES, self._owner)
            if bundle is not None:
                noted = texts(path, bundle, "annotations")
                return of_containerd(noted, namespace, id, pods=self._owner is None)
        return None


class _Listed(NamedTuple):
    name: str
    image: str


class Storage:
    """A directory of containers/storage: CRI-O's and podman's, either the run root or the root."""

    def __init__(self, path: str, owner: int | None = None) -> None:
        self.path = path
        self._owner = owner
        self._lists: dict[str, tuple[tuple[int, ...], Mapping[str, _Listed]]] = {}

    def find(self, id: str) -> Naming | None:
        for driver in _directories(self.path, _DRIVER):
            folder = f"{self.path}/{driver}"
            path = f"{folder}/{id}/userdata/config.json"
            bundle = read_json(path, BUNDLE_BYTES, self._owner)
            noted = {} if bundle is None else texts(path, bundle, "annotations")
            naming = of_crio(noted, id) if self._owner is None else None
            if naming is not None:
                return naming
            for name in _LISTS:
                listed = self._listed(f"{folder}/{name}").get(id)
                if listed is not None:
                    return of_podman(noted, *listed)
        return None

    def _listed(self, path: str) -> Mapping[str, _Listed]:
        """The containers in a list, which is parsed again only when it was written anew."""
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError as error:
            unless_absent(path, error)
            return {}
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
        known = self._lists.get(path)
        if known is None or known[0] != version:
            entries = read_json(path, LIST_BYTES, self._owner) or []
            known = self._lists[path] = (version, parse_list(path, entries))
        return known[1]


def parse_list(path: str, entries: Any) -> dict[str, _Listed]:
    """The names and images in a containers.json, by container id. Raises Unusable."""
    try:
        listed = {}
        for entry in entries:
            metadata = json.loads(entry.get("metadata") or "{}")
            names = entry.get("names") or [metadata["name"]]
            listed[str(entry["id"])] = _Listed(str(names[0]), str(metadata.get("image-name", "")))
        return listed
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise Unusable(path, f"is no list of containers: {error!r:.80}") from None


def _directories(path: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """The names of the directories in `path` that fit the pattern.

    Raises Unusable, and PermissionError.
    """
    try:
        with os.scandir(path) as entries:
            names = sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
    except OSError as error:
        unless_absent(path, error)
        return iter(())
    return (name for name in names if pattern.fullmatch(name))
