"""Discovery: asks each source when it is time, and tells the roster what it says."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor.aggregator.backoff import pause
from monitor.aggregator.discovery.admission import Admission
from monitor.aggregator.discovery.config import DiscoveryConfig
from monitor.aggregator.discovery.shard import Shard
from monitor.aggregator.discovery.source import Listing, Source
from monitor.aggregator.roster import Change, Roster

log = logging.getLogger(__name__)

_JITTER = 0.1
_FIRST_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class _Place:
    """What is known of a file, a URL, a name. It last gave a list `told_at`, 0 for never."""

    nodes: int = 0
    error: str = ""
    refusals: str = ""
    told_at: float = 0.0


class Discovery:
    """Asks each source on a thread of its own, so that none waits for another.

    What a place said stays true until it says something else: not to be had, or broken, it is
    reported once, and its nodes stay.
    """

    def __init__(
        self, named: Sequence[str], sources: Sequence[Source], admission: Admission, roster: Roster
    ) -> None:
        """`named` are addresses that were checked before; their nodes are there at once."""
        self._sources = sources
        self._admission = admission
        self._roster = roster
        self._places: dict[str, _Place] = {}
        self._asked: set[str] = set()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(source,), name=source.name[:15], daemon=True)
            for source in sources
        ]
        if named:
            ours = {url: "{}" for url in named if admission.shard.takes(url)}
            roster.name("nodes", ours)
            self._places["nodes"] = _Place(nodes=len(ours), told_at=time.time())

    def start(self) -> None:
        """Ask, from now on; returns at once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more. What is being asked is left to its time limit."""
        self._stopping.set()

    def is_alive(self) -> bool:
        """Whether every source is being asked."""
        return all(thread.is_alive() for thread in self._threads)

    def places(self) -> list[dict[str, Any]]:
        """What each place said, for people and programs."""
        return [
            {
                "source": name,
                "nodes": place.nodes,
                "error": place.error or None,
                "refused": place.refusals or None,
                "told_at": place.told_at or None,
            }
            for name, place in list(self._places.items())
        ]

    def missing(self) -> str:
        """Why there may be no node, in words."""
        places = list(self._places.values())
        if said := [words for place in places if (words := place.error or place.refusals)]:
            return "; ".join(said)
        if any(source.name not in self._asked for source in self._sources):
            return "its sources are being asked"
        shard = self._admission.shard
        which = f" of shard {shard}" if shard.count > 1 else ""
        names = [source.name for source in self._sources] or ["nodes"]
        return f"{', '.join(names)}: no node{which} is named there"

    def _run(self, source: Source) -> None:
        failures = 0
        while not self._stopping.is_set():
            failures = 0 if self._look(source) else failures + 1
            if failures:
                first = min(_FIRST_PAUSE_SECONDS, source.every_seconds)
                wait = pause(failures, first, source.every_seconds)
            else:
                wait = source.every_seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
            self._stopping.wait(wait)

    def _look(self, source: Source) -> bool:
        """Ask once; whether all went well."""
        joined = left = 0
        well = True
        try:
            for listing in source.look():
                change = self._told(listing)
                joined += change.joined
                left += change.left
                well = well and not listing.error
        except Exception:  # a fault of ours with one source must not end its thread
            log.exception("%s: a fault in Weir; please report it", source.name)
            well = False
        self._asked.add(source.name)
        if joined or left:
            words = f"{joined} nodes joined, {left} left; there are {len(self._roster)}"
            log.info("%s: %s", source.name, words)
        return well

    def _told(self, listing: Listing) -> Change:
        place = self._places.setdefault(listing.place, _Place())
        if listing.error:
            if listing.error != place.error:
                kept = f"; its {place.nodes} nodes stay" if place.nodes else ""
                log.warning("%s%s", listing.error, kept)
            place.error = listing.error
            return Change()
        admitted = self._admission.admit(listing.groups)
        refusals = admitted.refusals()
        if refusals and refusals != place.refusals:
            log.warning("%s: %s", listing.place, refusals)
        if place.error:
            log.info("%s is right again", listing.place)
        place.nodes, place.refusals, place.error = len(admitted.nodes), refusals, ""
        place.told_at = time.time()
        if listing.is_gone:
            del self._places[listing.place]
        return self._roster.name(listing.place, admitted.nodes)


def discover(config: DiscoveryConfig, roster: Roster, seconds: float) -> Discovery:
    """The discovery that `config` says; `seconds` are for an answer. Raises ConfigError."""
    admission = Admission(
        scheme=config.nodes_scheme,
        needs_secrecy=bool(config.node_token_file) and not config.insecure,
        shard=Shard.parse(config.shard),
    )
    return Discovery(config.node_urls, _sources(config, seconds), admission, roster)


def _sources(config: DiscoveryConfig, seconds: float) -> list[Source]:
    """Each loads its library only where it is used."""
    sources: list[Source] = []
    if config.file_patterns:
        from monitor.aggregator.discovery.files import Files

        sources.append(Files(config.file_patterns))
    for url in config.http_urls:
        from monitor.aggregator.discovery.server import Server

        token, ca_file = config.nodes_http_token(), config.nodes_http_ca
        sources.append(
            Server(
                url,
                token=token,
                ca_file=ca_file,
                seconds=seconds,
                every_seconds=config.nodes_refresh,
            )
        )
    for name in config.dns_names:
        from monitor.aggregator.discovery.names import Name

        sources.append(Name(name, seconds=seconds, every_seconds=config.nodes_refresh))
    return sources
