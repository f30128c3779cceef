"""Container events as rows of `event`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from collector.containers.docker_naming import ContainerEvent
from monitor.record import Record, Series

KIND = "Container"


def event_records(events: Iterable[ContainerEvent], identity: Mapping[str, str]) -> list[Record]:
    """One row each. Events that would stand on the same series and time move apart by 1 ns."""
    records = []
    taken: set[tuple[str, int]] = set()
    for event in events:
        tags = {
            **identity,
            "namespace": event.naming.namespace,
            "kind": KIND,
            "reason": event.reason,
            "type": event.type,
        }
        series = Series.of("event", tags)
        time_ns = event.time_ns
        while (series.key, time_ns) in taken:
            time_ns += 1
        taken.add((series.key, time_ns))
        fields = {"message": event.message, "object": _object(event), "id": event.id}
        records.append(Record(series, fields, time_ns))
    return records


def _object(event: ContainerEvent) -> str:
    pod, container = event.naming.pod, event.naming.container
    return f"{pod}/{container}" if pod else container
