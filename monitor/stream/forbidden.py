"""Addresses that are never asked: of a cloud's metadata services, which give out credentials.

Who can name a node, or answer for its name in DNS, must not be able to lead us there.
"""

from __future__ import annotations

import ipaddress

_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "fd00:ec2::254",  # AWS; its 169.254.169.254 is link-local, as Google's and Azure's
            "fd00:ec2::23",  # AWS EKS
            "168.63.129.16",  # Azure's wire server
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle
        ),
    )
)


def is_forbidden(host: str) -> bool:
    """Whether `host` is such an address; a name is not."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_link_local or address in _METADATA
