"""Nothing for VictoriaMetrics: it makes what it needs as the samples come in."""

from __future__ import annotations

from collections.abc import Iterator


class VictoriaSetup:
    """See `Setup`."""

    def make(self) -> Iterator[str]:
        yield (
            "VictoriaMetrics needs nothing made: retention and deduplication are options of its own"
            " command line (-retentionPeriod, -dedup.minScrapeInterval=1ms)"
        )
