"""The dashboard's settings: where it listens, which store it reads, how often a page refreshes."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.errors import ConfigError
from monitor.settings import setting
from monitor.stores.config import StoreConfig
from monitor.web.config import ListenConfig


@dataclass(frozen=True, kw_only=True)
class DashboardConfig(ListenConfig, StoreConfig):
    """Everything that `weir dashboard` can be told."""

    refresh: float = setting(
        10.0, "seconds between refreshes of a live page; best the collectors' interval"
    )

    def __post_init__(self) -> None:
        ListenConfig.__post_init__(self)
        StoreConfig.__post_init__(self)
        if not 1 <= self.refresh <= 3600:
            raise ConfigError(f"refresh: {self.refresh:g} is not between 1 and 3600 seconds")
