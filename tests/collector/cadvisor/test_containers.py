"""The tree of names: who is where, who is called what, and who is below whom."""

from __future__ import annotations

from typing import Any

import pytest

from collector.cadvisor.containers import Tree
from collector.cadvisor.requests import CannotAnswer
from collector.cadvisor.spec import UNLIMITED, spec_v1, spec_v2
from collector.latest import Latest
from tests.collector.cadvisor.recorded import (
    SHAPES,
    T0,
    WEB,
    WEB_PATH,
    complaints,
    container,
    info,
    records,
)

CPU = "cpu_usage_seconds_total=1.0"
POD = f"/kubepods/burstable/pod1/{'b' * 64}"


def tree(*lines: str) -> Tree:
    latest = Latest(60)
    latest.update(records("\n".join(f"{line} {T0}" for line in lines)), T0)
    return Tree(latest.rows())


@pytest.fixture
def node() -> Tree:
    """The machine, a Docker container, one in a pod and a service."""
    return tree(
        f"node,cluster=c,node=n {CPU},boot_time_seconds=1600000000.0,memory_MemTotal_bytes=5i",
        container(
            f"{CPU},start_time_seconds=1699999988.03,memory_usage_bytes=1i,threads=1i,"
            "spec_cpu_shares=512i,spec_cpu_quota=20000i,spec_cpu_period=100000i,"
            "spec_memory_limit_bytes=67108864i,spec_memory_reservation_limit_bytes=4096i"
        ),
        container("network_receive_bytes_total=1i", more=",interface=eth0"),
        info(labels='{"a":"b c","d\\"":""}'.replace("\\", "\\\\")),
        container(CPU, "app"),
        info("app", POD, "b" * 64, runtime=""),
        container(CPU, "cron.service"),
        info("cron.service", "/system.slice/cron.service", "cron.service", runtime="systemd"),
    )


def names(nodes: Any) -> list[str]:
    return [node.name for node in nodes]


def test_the_directories_between_are_containers_too(node: Tree) -> None:
    assert names(node.subtree("/")) == sorted(
        ["/", "/docker", WEB_PATH, "/kubepods", "/kubepods/burstable", "/kubepods/burstable/pod1",
         POD, "/system.slice", "/system.slice/cron.service"]
    )  # fmt: skip
    assert names(node.children(node.get("/"))) == ["/docker", "/kubepods", "/system.slice"]
    assert names(node.subtree("/kubepods/burstable"))[-1] == POD
    assert node.get("/docker").is_directory and not node.get("/").is_directory


def test_a_name_that_only_begins_alike_is_not_below(node: Tree) -> None:
    found = tree(container(CPU), info(path="/docker/a"), container(CPU, "b"), info("b", "/docker2"))
    assert names(found.subtree("/docker")) == ["/docker", "/docker/a"]


@pytest.mark.parametrize("name", ["/nope", "/docker/x\ny", "/" + "\x00" * 9, "/kubepods/burst"])
def test_an_unknown_name_is_one_line(node: Tree, name: str) -> None:
    for find in (node.get, node.subtree, lambda n: node.by_alias(n, "docker")):
        with pytest.raises(CannotAnswer) as refused:
            find(name)
        assert str(refused.value).isprintable()


def test_a_runtime_s_containers_go_by_name_id_and_the_beginning_of_either(node: Tree) -> None:
    for alias in ("web", WEB, WEB[:12], "we"):
        assert node.by_alias(alias, "docker").name == WEB_PATH
    assert node.by_alias("bbbb", "docker").name == POD  # the path does not say whose it is
    assert names(node.of_runtime("docker")) == [WEB_PATH, POD]
    assert names(node.of_runtime("podman")) == [POD]
    for unknown in ("", "x", "cron.service"):
        with pytest.raises(CannotAnswer, match="unable to find container"):
            node.by_alias(unknown, "docker")


def test_what_begins_several_names_is_none_of_them() -> None:
    two = tree(
        container(CPU, "web-1"), info("web-1", "/docker/1", "1"),
        container(CPU, "web-2"), info("web-2", "/docker/2", "2"),
        container(CPU, "web"), info("web", "/docker/3", "3"),
    )  # fmt: skip
    assert two.by_alias("web", "docker").id == "3"
    with pytest.raises(CannotAnswer, match="is not unique"):
        two.by_alias("we", "docker")


def test_references(node: Tree) -> None:
    assert node.get(WEB_PATH).reference() == {
        "id": WEB, "name": WEB_PATH, "aliases": ["web", WEB], "namespace": "docker",
    }  # fmt: skip
    assert node.get("/docker").reference() == {"name": "/docker"}
    assert node.get("/system.slice/cron.service").reference() == {
        "name": "/system.slice/cron.service"
    }
    other = tree(container(CPU), info(runtime="containerd"))
    assert other.get(WEB_PATH).aliases == [WEB, "web"]


def test_a_spec_is_of_the_newest_limits(node: Tree) -> None:
    spec = spec_v1(node.get(WEB_PATH), 2**40)
    assert complaints(SHAPES["model.ContainerInfo"]["spec"], spec) == []
    assert spec["creation_time"] == spec["start_time"] == "2023-11-14T22:13:08.03Z"
    assert spec["cpu"] == {"limit": 512, "max_limit": 0, "quota": 20000, "period": 100000}
    assert spec["memory"] == {"limit": 67108864, "reservation": 4096}
    assert (spec["image"], spec["labels"]) == ("nginx:1", {"a": "b c", 'd"': ""})
    assert (spec["has_network"], spec["has_filesystem"], spec["has_processes"]) == (
        True, False, True,
    )  # fmt: skip
    second = spec_v2(node.get(WEB_PATH), 2**40)
    assert complaints(SHAPES["v2.ContainerSpec"], second) == []
    assert second["cpu"] == {"limit": 512, "max_limit": 0}
    assert (second["aliases"], second["namespace"]) == (["web", WEB], "docker")


def test_unlimited_is_the_largest_number_and_a_directory_has_nothing() -> None:
    free = tree(container(f"{CPU},memory_usage_bytes=1i,threads=1i"), info())
    spec = spec_v1(free.get(WEB_PATH), 2**40)
    assert (spec["memory"], spec["processes"]) == ({"limit": UNLIMITED}, {"limit": UNLIMITED})
    nothing = spec_v1(free.get("/docker"), 2**40)
    assert not any(value for name, value in nothing.items() if name.startswith("has_"))
    assert nothing["creation_time"] == "0001-01-01T00:00:00Z"
    assert complaints(SHAPES["model.ContainerInfo"]["spec"], nothing) == []


def test_the_machine_s_spec(node: Tree) -> None:
    spec = spec_v1(node.get("/"), 2**40)
    assert spec["creation_time"] == "2020-09-13T12:26:40Z"
    assert (spec["cpu"]["limit"], spec["memory"]) == (1024, {"limit": 2**40})
    assert complaints(SHAPES["model.ContainerInfo"]["spec"], spec) == []
