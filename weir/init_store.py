"""`weir init-store`: says what was made, or in one line why not."""

from __future__ import annotations

import sys

from monitor.errors import ConfigError, WeirError
from monitor.stores.setup.config import InitStoreConfig
from monitor.stores.setup.init import init_store
from weir.process import REFUSED


def run(config: InitStoreConfig) -> int:
    """Returns 0 when the store is ready, 2 for a setting that cannot be, else 1."""
    try:
        for line in init_store(config):
            print(line, flush=True)
    except WeirError as error:
        print(f"weir init-store: {error}", file=sys.stderr)
        return REFUSED if isinstance(error, ConfigError) else 1
    return 0
