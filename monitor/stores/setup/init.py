"""All of `weir init-store`: wait for the store, make what it needs, try it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from monitor.errors import StoreUnavailable
from monitor.settings import secret_in
from monitor.stores import trial
from monitor.stores.setup.config import InitStoreConfig
from monitor.stores.setup.open import open_setup

_PAUSE_SECONDS = 0.5


def init_store(config: InitStoreConfig) -> Iterator[str]:
    """Do it; says each thing in a line. Raises WeirError.

    A store that is away is tried again for `config.wait` seconds: whatever was made before is found
    to exist then.
    """
    if not config.bootstrap:
        secret_in(*config.influx_admin)  # what cannot be read now is not waited for
    ends_at = time.monotonic() + config.wait
    said = ""
    while True:
        try:
            yield from open_setup(config).make()
            written = trial.write(config, "init-store")
            seconds = trial.read_back(config, "init-store", written)
            yield (
                f"a sample was written in {written.seconds * 1e3:.0f} ms, and read back"
                f" {seconds * 1e3:.0f} ms later: the store is ready"
            )
            return
        except StoreUnavailable as error:
            left = ends_at - time.monotonic()
            if left <= 0:
                raise
            if str(error) != said:
                said = str(error)
                yield f"waiting up to {left:.0f} s: {said}"
            time.sleep(min(left, _PAUSE_SECONDS))
