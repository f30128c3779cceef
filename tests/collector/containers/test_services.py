"""From cgroup paths to systemd services, where a node is told to show them."""

from __future__ import annotations

import pytest

from collector.containers import services
from collector.containers.names import Found, fallback

ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("path", "unit", "slice"),
    [
        ("/system.slice/nginx.service", "nginx.service", "system.slice"),
        (
            "/system.slice/system-getty.slice/getty@tty1.service",
            "getty@tty1.service",
            "system-getty.slice",
        ),
        ("/user.slice/user-1000.slice/user@1000.service", "user@1000.service", "user-1000.slice"),
        ("/lonely.service", "lonely.service", "-.slice"),
    ],
)
def test_a_service_is_called_by_its_unit_in_its_slice(path: str, unit: str, slice: str) -> None:
    found = services.find(path)
    assert found == Found(path, unit, "systemd")
    naming = fallback(found)
    assert (naming.container, naming.namespace, naming.pod) == (unit, slice, None)
    assert naming.name == unit


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/.service",
        "/system.slice",
        "/init.scope",
        "/system.slice/docker.socket",
        "/system.slice/nginx.service/worker",
        "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service",
        f"/system.slice/docker-{ID}.scope/system.slice/cron.service",
        f"/docker/{ID}/cron.service",
    ],
)
def test_what_is_no_service_of_the_node(path: str) -> None:
    assert services.find(path) is None


def test_containers_are_found_beside_them() -> None:
    path = f"/system.slice/docker-{ID}.scope"
    assert services.find(path) == Found(path, ID, "docker")


def test_a_hostile_unit_name_forges_nothing() -> None:
    found = services.find('/system.slice/a\nb\\x2d"c.service')
    assert found is not None
    naming = fallback(found)
    assert naming.container == "a b\N{FULLWIDTH REVERSE SOLIDUS}x2d'c.service"
    assert naming.name == naming.container
