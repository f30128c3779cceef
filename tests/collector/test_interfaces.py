"""Which interfaces count."""

from __future__ import annotations

import pytest

from collector.interfaces import counts


@pytest.mark.parametrize(
    "name",
    ["eth0", "ens3", "enp0s31f6", "wlan0", "bond0", "br0", "tun0", "eth0.100", "lo1", "sit1"],
)
def test_what_moves_bytes_of_its_own_counts(name: str) -> None:
    assert counts(name)


@pytest.mark.parametrize(
    "name",
    [
        "lo",
        "veth12ab",
        "docker0",
        "br-0a",
        "virbr0",
        "cni0",
        "flannel.1",
        "cali5",
        "tunl0",
        "sit0",
        "ip6tnl0",
        "tap3",
        "vxlan.calico",
    ],
)
def test_what_another_carries_or_nobody_uses_does_not(name: str) -> None:
    assert not counts(name)
