"""Which network interfaces count: one rule for the host and for a container's own network.

Left out is what would count bytes twice or never moves any: the loopback, what engines, plugins and
hypervisors make for others, tunnels over another interface, and the interfaces that the kernel's
tunnel modules put into each namespace by themselves.
"""

from __future__ import annotations

import re

_LEFT_OUT = re.compile(
    r"lo|(gre|gretap|erspan|sit|ip6tnl|ip6gre|ip_vti|ip6_vti)0"
    r"|(veth|cali|lxc|lxd|docker|podman|br-|cni|cbr|flannel|cilium|virbr|vnet|tap|ifb|dummy|tunl"
    r"|kube-|nodelocaldns|antrea|ovs-|genev_sys|vxlan).*"
)


def counts(name: str) -> bool:
    """Whether what goes through the interface `name` is shown."""
    return _LEFT_OUT.fullmatch(name) is None
