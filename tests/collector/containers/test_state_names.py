"""Names from runtimes' state files: recorded trees, races, hostile files, missing rights."""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from collector.cgroup.faults import Faults
from collector.containers.names import Found, Naming, fallback
from collector.containers.node_names import NodeNames
from collector.containers.state_names import StateNames
from collector.containers.state_roots import BUNDLE_BYTES, roots, roots_of_user

TREES = Path(__file__).parents[2] / "fixtures/runtimes"
WEB, POD, API, API_POD = "a1" * 32, "b2" * 32, "c3" * 32, "d4" * 32
TASKS = "io.containerd.runtime.v2.task"


def found(id: str, runtime: str = "") -> Found:
    return Found(f"/kubepods/burstable/pod1/{id}", id, runtime)


class Searched:
    """StateNames over directories, with a clock that is put forward."""

    def __init__(self, *places: Path) -> None:
        self.now = 100.0
        self.faults = Faults()
        self.names = StateNames([str(place) for place in places], self.faults, lambda: self.now)

    def name_of(self, id: str, runtime: str = "") -> Naming | None:
        return self.names.name_of(found(id, runtime))

    def give_up(self, id: str) -> list[float]:
        """Look until it is over; the seconds between the looks."""
        waits = []
        while self.name_of(id) is None and self.names.searches(found(id)):
            assert len(waits) < 100
            waits.append(round(self.names._searches[found(id).path].due - self.now, 3))
            self.now += waits[-1]
        return waits


def bundle(root: Path, id: str, content: str, namespace: str = "k8s.io") -> Path:
    path = root / TASKS / namespace / id / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def annotated(**annotations: str) -> str:
    return json.dumps({"annotations": annotations})


def test_a_pods_container_and_its_sandbox_in_containerd() -> None:
    names = Searched(TREES / "containerd").names
    labels = {
        "io.kubernetes.pod.name": "web-0",
        "io.kubernetes.pod.namespace": "shop",
        "io.kubernetes.pod.uid": "5bbd8d6e-1f0c-4c56-9f8b-6a4c0a6f7d10",
    }
    assert names.name_of(found(WEB)) == Naming(
        "nginx",
        "shop",
        "web-0",
        image="docker.io/library/nginx:1.27",
        name=WEB,
        labels={**labels, "io.kubernetes.container.name": "nginx"},
    )
    assert names.name_of(found(POD, "containerd")) == Naming(
        "POD",
        "shop",
        "web-0",
        image="registry.k8s.io/pause:3.9",
        name=POD,
        labels={**labels, "io.kubernetes.container.name": "POD"},
        is_sandbox=True,
    )


def test_what_ctr_started_has_its_id_and_containerds_namespace_as_a_label() -> None:
    naming = Searched(TREES / "containerd").name_of("plain", "containerd")
    labels = {"io.containerd.namespace": "default"}
    assert naming == Naming("plain", name="plain", labels=labels)


def test_nerdctl_names_its_containers_and_compose_projects(tmp_path: Path) -> None:
    labels = {"com.docker.compose.project": "shop", "team": "a"}
    bundle(tmp_path, WEB, annotated(**{"nerdctl/name": "db", **labels}), "default")
    labels["io.containerd.namespace"] = "default"
    assert Searched(tmp_path).name_of(WEB) == Naming("db", "shop", name="db", labels=labels)


def test_a_pods_container_and_its_sandbox_in_crio() -> None:
    names = Searched(TREES / "crio").names
    naming = names.name_of(found(API, "crio"))
    assert naming is not None
    assert (naming.container, naming.namespace, naming.pod) == ("api", "shop", "api-0")
    assert (naming.image, naming.is_sandbox) == ("quay.io/shop/api:2.1", False)
    assert naming.name == "k8s_api_api-0_shop_8e1f6c1a-7d5b-4a0e-9d0c-2b7a5e3f9c44_0"
    assert set(naming.labels) == {
        "io.kubernetes.container.name",
        "io.kubernetes.pod.name",
        "io.kubernetes.pod.namespace",
        "io.kubernetes.pod.uid",
    }
    sandbox = names.name_of(found(API_POD, "crio"))
    assert sandbox is not None and sandbox.is_sandbox
    assert (sandbox.container, sandbox.namespace, sandbox.pod) == ("POD", "shop", "api-0")


def test_podmans_name_and_image_come_from_its_storages_list() -> None:
    (list_of,) = (TREES / "podman").glob("*/containers.json")
    id = json.loads(list_of.read_text())[0]["id"]
    naming = Searched(TREES / "podman").name_of(id, "podman")
    assert naming is not None
    assert (naming.container, naming.name, naming.namespace) == ("idle", "idle", None)
    assert naming.image == "docker.io/library/busybox:test"


def test_a_list_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    for name, id in (("containers.json", WEB), ("volatile-containers.json", API)):
        file = tmp_path / "overlay-containers" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps([{"id": id, "names": [name]}]))
    (_, storage) = roots(str(tmp_path))
    naming, volatile = storage.find(WEB), storage.find(API)
    assert naming is not None and naming.container == "containers.json"
    assert volatile is not None and volatile.container == "volatile-containers.json"
    assert storage.find(POD) is None
    file.write_text(json.dumps([{"id": POD, "names": ["later"]}]))
    later = storage.find(POD)
    assert later is not None and later.container == "later"
    assert storage.find(API) is None


def test_a_container_is_looked_for_until_its_files_come_and_then_never_again(
    tmp_path: Path,
) -> None:
    searched = Searched(tmp_path)
    assert searched.name_of(WEB) is None and searched.names.searches(found(WEB))
    path = bundle(tmp_path, WEB, annotated(**{"nerdctl/name": "db"}))
    assert searched.name_of(WEB) is None  # not yet due
    searched.now += 0.1
    naming = searched.name_of(WEB)
    assert naming is not None and naming.container == "db"
    path.unlink()
    assert searched.name_of(WEB) is naming
    searched.names.forget(found(WEB))
    assert searched.name_of(WEB) is None


def test_a_search_ends_after_five_more_looks(tmp_path: Path) -> None:
    searched = Searched(tmp_path)
    assert searched.give_up(WEB) == [0.1, 0.2, 0.4, 0.8, 1.6]
    bundle(tmp_path, WEB, annotated(**{"nerdctl/name": "db"}))
    searched.now += 1000
    assert searched.name_of(WEB) is None
    assert searched.faults.total == 0


def test_where_no_directory_is_there_is_no_search(tmp_path: Path) -> None:
    searched = Searched(tmp_path / "none")
    assert searched.name_of(WEB) is None and not searched.names.searches(found(WEB))
    assert NodeNames(None, searched.names).name_of(found(WEB)) == fallback(found(WEB))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "line 1: no JSON: Expecting value"),
        ('{"annotations":\n{', "line 2: no JSON"),
        ("[]", "line 1: is no JSON object"),
        ('{"annotations": [1]}', "annotations are no texts by name"),
        ('{"annotations": {"a": {"b": 1}}}', "annotations are no texts by name"),
        ("[" * 100_000, "no JSON: maximum recursion depth"),
        ('"\udcff"', "no JSON"),
        (" " * (BUNDLE_BYTES + 1), f"{BUNDLE_BYTES + 1} bytes are too many"),
    ],
)
def test_a_broken_bundle_is_one_fault_and_the_name_of_the_path(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, reason: str
) -> None:
    path = bundle(tmp_path, WEB, "")
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    searched = Searched(tmp_path)
    names = NodeNames(None, searched.names)
    assert searched.give_up(WEB)
    assert names.name_of(found(WEB)) == fallback(found(WEB))
    assert searched.faults.total == 1
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{path}: {reason}")
    caplog.set_level(logging.INFO)
    names.forget(found(WEB))
    assert caplog.records[-1].getMessage().endswith("no file of this name is broken any more")


@pytest.mark.parametrize(
    "entries",
    ['{"id": 1}', "[1]", '[{"names": ["a"]}]', '[{"id": "x", "metadata": "{"}]', '[{"id": "x"}]'],
)
def test_a_list_that_is_none_is_a_fault(tmp_path: Path, entries: str) -> None:
    folder = tmp_path / "vfs-containers"
    folder.mkdir()
    (folder / "containers.json").write_text(entries)
    searched = Searched(tmp_path)
    searched.give_up(WEB)
    assert searched.name_of(WEB) is None and searched.faults.total == 1


def test_names_are_freed_of_what_could_forge_a_line(tmp_path: Path) -> None:
    hostile = 'a\nnode,x=1 y=2 3\\" \N{PILE OF POO}' + "x" * 10_000
    noted = {"nerdctl/name": hostile, "com.docker.compose.project": hostile}
    noted |= {f"label{number}\n": hostile for number in range(80)}
    bundle(tmp_path, WEB, json.dumps({"annotations": noted}))
    naming = Searched(tmp_path).name_of(WEB)
    assert naming is not None and naming.namespace is not None
    for name in (naming.container, naming.namespace, naming.name, *naming.labels):
        assert not set(name) & set('\n\\"') and len(name.encode()) <= 256
    assert len(naming.labels) == 64
    assert all(len(value.encode()) <= 4096 for value in naming.labels.values())


def test_a_link_and_a_pipe_are_not_followed_and_not_waited_for(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(annotated(**{"nerdctl/name": "secret"}))
    link = bundle(tmp_path / "linked", WEB, "")
    link.unlink()
    link.symlink_to(secret)
    pipe = bundle(tmp_path / "piped", API, "")
    pipe.unlink()
    os.mkfifo(pipe)
    searched = Searched(tmp_path / "linked", tmp_path / "piped")
    for id in (WEB, API):
        searched.give_up(id)
        assert searched.name_of(id) is None
    assert searched.faults.total == 2


def test_docker_speaks_first_and_its_bundles_are_left_alone(tmp_path: Path) -> None:
    bundle(tmp_path, WEB, annotated(**{"nerdctl/name": "bundle"}), "moby")
    searched = Searched(tmp_path)
    searched.give_up(WEB)
    assert searched.name_of(WEB) is None

    class Docker:
        up = True

        def known(self, found: Found) -> Naming | None:
            return Naming("by-docker") if found.id == WEB else None

        def name_of(self, found: Found) -> Naming | None:
            return self.known(found)

    docker: Any = Docker()
    names = NodeNames(docker, Searched(TREES / "containerd").names)
    assert names.name_of(found(WEB)) == Naming("by-docker")
    sandbox = names.name_of(found(POD))
    assert sandbox is not None and sandbox.is_sandbox
    assert names.name_of(found(API, "docker")) is None


def test_a_users_own_directory_names_containers_but_no_pods(tmp_path: Path) -> None:
    shutil.copytree(TREES / "crio", tmp_path, dirs_exist_ok=True)
    shutil.copytree(TREES / "containerd", tmp_path, dirs_exist_ok=True)
    containerd, storage = roots(str(tmp_path), os.getuid())
    claimed = containerd.find(WEB)
    assert claimed is not None and (claimed.pod, claimed.is_sandbox) == (None, False)
    assert claimed.container == f"containerd-{WEB[:12]}"
    assert storage.find(API) is None
    searched = Searched()
    searched.names._of_user = lambda path: roots(str(tmp_path), os.getuid() + 1)
    searched.give_up(WEB)
    assert searched.name_of(WEB) is None and searched.faults.total == 1  # another user's files


def test_the_user_is_the_one_of_the_slice() -> None:
    path = "/user.slice/user-0.slice/user@0.service/user.slice/libpod-x.scope"
    places = {root.path for root in roots_of_user(path)}
    home = Path("~").expanduser() if os.getuid() == 0 else Path("/root")
    assert f"{home}/.local/share/containers/storage" in places
    assert {"/run/user/0/containers", "/run/user/0/containerd"} <= places
    assert roots_of_user("/machine.slice/libpod-x.scope") == ()
    assert len(roots_of_user("/user.slice/user-4294967294.slice/x")) == 4


@pytest.mark.root
def test_without_rights_the_paths_names_stand_and_it_is_said_once() -> None:
    program = (
        "import logging, os, sys\n"
        "from collector.cgroup.faults import Faults\n"
        "from collector.containers.names import Found\n"
        "from collector.containers.node_names import NodeNames\n"
        "from collector.containers.state_names import StateNames\n"
        "os.setuid(65534)\n"
        "logging.basicConfig(format='%(message)s')\n"
        "faults = Faults()\n"
        "names = NodeNames(None, StateNames([sys.argv[1]], faults))\n"
        "for id in sys.argv[2:]:\n"
        "    print(names.name_of(Found('/kubepods/' + id, id, '')).container)\n"
        "print(faults.total)\n"
    )
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        shutil.copytree(TREES / "containerd", place, dirs_exist_ok=True)
        place.chmod(0o711)
        (place / TASKS).chmod(0o711)
        shown = subprocess.run(
            [sys.executable, "-c", program, directory, WEB, POD],
            capture_output=True,
            text=True,
            check=False,
        )
    assert shown.stdout.split() == [f"container-{WEB[:12]}", f"container-{POD[:12]}", "0"], shown
    assert shown.stderr.count("\n") == 1 and "CAP_DAC_READ_SEARCH" in shown.stderr
    assert shown.stderr.startswith(f"names: {directory}/{TASKS}: Permission denied; ")


def test_a_reading_that_fails_for_want_of_descriptors_is_a_fault_and_made_again() -> None:
    searched = Searched(TREES / "containerd")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert searched.name_of(WEB) is None and searched.names.searches(found(WEB))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    searched.now += 0.1
    naming = searched.name_of(WEB)
    assert naming is not None and naming.container == "nginx"
