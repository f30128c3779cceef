"""What the tests of sweeps share."""

from __future__ import annotations

from collector.containers.names import Found, Naming
from collector.ticker import Due
from monitor.record import Record

ALL, FAST = Due(slow=True, limits=True), Due(slow=False, limits=False)


class FakeNames:
    """Names by container id."""

    def __init__(self) -> None:
        self.known: dict[str, Naming] = {}

    def name_of(self, found: Found) -> Naming | None:
        return self.known.get(found.id)

    def forget(self, found: Found) -> None:
        pass


def row(records: list[Record], container: str, **tags: str) -> Record:
    """The one `container` row with exactly these tags."""
    wanted = {"cluster": "c", "node": "n", "container": container, **tags}
    rows = of(records, "container")
    found = [record for record in rows if dict(record.series.tags) == wanted]
    assert len(found) == 1, [record.series.key for record in records]
    return found[0]


def of(records: list[Record], measurement: str) -> list[Record]:
    return [record for record in records if record.series.measurement == measurement]
