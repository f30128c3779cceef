"""All of `weir init-store`: wait for the store, make what it needs, try it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from monitor.errors import StoreUnavailable
from monitor.stores.setup.config import InitStoreConfig
from monitor.stores.setup.open import open_setup
from monitor.stores.trial import write_and_read

_PAUSE_SECONDS = 0.5


def init_store(config: InitStoreConfig) -> Iterator[str]:
    """Do it; says each thing in a line. Raises WeirError.

    A store that is away is tried again for `config.wait` seconds: whatever was made before is found
    to exist then.
    """
    ends_at = time.monotonic() + config.wait
    said = ""
    while True:
        try:
            yield from open_setup(config).make()
            trial = write_and_read(config, "init-store")
            yield (
                f"a sample was written in {trial.write_seconds * 1e3:.0f} ms, and read back"
                f" {trial.visible_seconds * 1e3:.0f} ms later: the store is ready"
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
