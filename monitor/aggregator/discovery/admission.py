"""Which of the addresses that were named are pulled here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.aggregator.discovery.address import in_the_clear, url_of
from monitor.aggregator.discovery.shard import Shard
from monitor.aggregator.discovery.source import Group

_REASONS_SHOWN = 3


@dataclass(slots=True)
class Admitted:
    """`nodes`: address to labels. `refused` is how many were not taken, `reasons` the first few."""

    nodes: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    reasons: list[str] = field(default_factory=list)

    def refusals(self) -> str:
        """What was refused, in words; "" for nothing."""
        if not self.refused:
            return ""
        more = f"; and {self.refused - len(self.reasons)} more"
        words = "; ".join(self.reasons) + (more if self.refused > len(self.reasons) else "")
        return f"{self.refused} of its addresses are refused: {words}"


@dataclass(frozen=True, slots=True)
class Admission:
    """`scheme` is for addresses without one; `needs_secrecy`: a token is sent to the nodes."""

    scheme: str = "http"
    needs_secrecy: bool = False
    shard: Shard = field(default_factory=Shard)

    def admit(self, groups: Iterable[Group]) -> Admitted:
        """Check each address, and keep those of this shard, each once."""
        admitted = Admitted()
        for group in groups:
            for address in group.addresses:
                try:
                    url = self._url(group.scheme or self.scheme, address)
                except ValueError as error:
                    admitted.refused += 1
                    if len(admitted.reasons) < _REASONS_SHOWN:
                        admitted.reasons.append(str(error))
                    continue
                if self.shard.takes(url):
                    admitted.nodes.setdefault(url, group.labels)
        return admitted

    def _url(self, scheme: str, address: str) -> str:
        url = url_of(scheme, address)
        if self.needs_secrecy and in_the_clear(url):
            raise ValueError(
                f"{url} would be sent the token in the clear; use nodes-scheme https, "
                "or say --insecure"
            )
        return url
