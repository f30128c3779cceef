"""All that `weir doctor store` tries. It believes a sample that it read back, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from monitor.errors import WeirError
from monitor.findings import Finding
from monitor.stores import trial
from monitor.stores.config import StoreConfig

_PROCESS = "doctor"


def examine(config: StoreConfig) -> list[Finding]:
    """Write one sample of Weir's own, read it, and look at what the store tells of itself."""
    return [
        *_guarded("write and read", lambda: _trial(config)),
        *_guarded("the store", lambda: _store(config)),
    ]


def _trial(config: StoreConfig) -> Iterator[Finding]:
    area = "write and read"
    if config.kind == "promql":
        yield Finding(area, "write", "none", "this kind of store can only be read")
        return
    try:
        written = trial.write(config, _PROCESS)
    except WeirError as error:
        yield _failed(area, "write", error)
        yield Finding(area, "read", "none", "nothing was written that could be read")
        return
    yield Finding(area, "write", "ok", f"acknowledged within {_ms(written.seconds)}")
    try:
        seconds = trial.read_back(config, _PROCESS, written)
    except WeirError as error:
        yield _failed(area, "read", error)
    else:
        yield Finding(area, "read", "ok", f"that sample was there {_ms(seconds)} later")


def _store(config: StoreConfig) -> Iterable[Finding]:
    if config.kind == "sqlite":
        from monitor.stores.doctor.embedded import embedded

        return embedded(config)
    if config.kind == "influxdb":
        from monitor.stores.doctor.influx import influx

        return influx(config)
    if config.kind == "victoriametrics":
        from monitor.stores.doctor.victoria import victoria

        return victoria(config)
    from monitor.stores.doctor.promql import promql

    return promql(config)


def _guarded(area: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except WeirError as error:
        yield _failed(area, "the rest", error)
    except Exception as error:
        # The outermost line of a check: what the doctor trips over hides nothing else.
        yield Finding("the doctor itself", area, "no", f"could not go on: {error!r}")


def _failed(area: str, what: str, error: WeirError) -> Finding:
    why, _, remedy = str(error).rpartition(": ")
    return Finding(area, what, "no", why or remedy, remedy if why else "")


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"
