"""The shape in which each reader of the host gives its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from monitor.record import Value


class Row(NamedTuple):
    """One line of `node`: the tags beside cluster and node, and its fields."""

    tags: Mapping[str, str]
    fields: Mapping[str, Value]
