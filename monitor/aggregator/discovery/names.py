"""DNS: all addresses of a name, or the hosts of its SRV records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import dns.exception
import dns.flags
import dns.resolver

from monitor.aggregator.discovery.source import Group, Listing
from monitor.errors import one_line

_RESOLV_CONF = Path("/etc/resolv.conf")


class Name:
    """`HOST:PORT` is each address of the host with that port; `_SERVICE._PROTO.DOMAIN` its SRV.

    A headless Service of Kubernetes has the addresses of all its pods. Of a host that has both
    kinds the A records count, for with the AAAA records each node would be named twice.
    """

    def __init__(
        self, name: str, *, seconds: float, every_seconds: float, resolv_conf: Path = _RESOLV_CONF
    ) -> None:
        """`seconds` are for a whole answer, however many servers are asked for it."""
        self.name = f"nodes-dns {name}"
        self.every_seconds = every_seconds
        self._asked = name
        self._seconds = seconds
        self._resolv_conf = resolv_conf

    def look(self) -> Iterator[Listing]:
        """What the name servers say now."""
        try:
            yield Listing(self.name, [Group(self._ask())])
        except (dns.exception.DNSException, OSError, ValueError) as error:
            yield Listing(self.name, error=f"{self.name}: {_words(error)}")

    def _ask(self) -> Sequence[str]:
        resolver = dns.resolver.Resolver(filename=str(self._resolv_conf))
        if self._asked.startswith("_"):
            services = self._answer(resolver, self._asked, "SRV")
            hosts = [(service.target.to_text(omit_final_dot=True), service) for service in services]
            return [f"{host}:{service.port}" for host, service in hosts if host != "."]
        host, _, port = self._asked.rpartition(":")
        try:
            return [f"{record}:{port}" for record in self._answer(resolver, host, "A")]
        except dns.resolver.NoAnswer:
            return [f"[{record}]:{port}" for record in self._answer(resolver, host, "AAAA")]

    def _answer(self, resolver: dns.resolver.Resolver, name: str, kind: str) -> dns.resolver.Answer:
        answer = resolver.resolve(name, kind, lifetime=self._seconds, search=True)
        if answer.response.flags & dns.flags.TC:
            raise ValueError(
                "its answer is cut short: DNS has room for some 4,000 addresses of a name; "
                "divide the nodes among several names"
            )
        return answer


def _words(error: Exception) -> str:
    match error:
        case dns.resolver.NXDOMAIN():
            return "there is no such name"
        case dns.resolver.NoAnswer():
            return "the name has no such record"
        case dns.resolver.LifetimeTimeout():
            return "no name server answered in time"
        case dns.resolver.NoNameservers():
            return "the name servers fail to answer; are they up, do they know the domain?"
    return one_line(str(error))
