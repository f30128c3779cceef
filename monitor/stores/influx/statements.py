"""InfluxDB 1's statements about itself, such as SHOW and CREATE."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from monitor.errors import StoreUnavailable
from monitor.stores.influx.connection import Connection

_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def run(connection: Connection, statement: str) -> list[dict[str, Any]]:
    """The series of its one result. Raises StoreError, also for an error in a 200.

    It goes in a body, so that a password in it stands in no address.
    """
    body = urlencode({"q": statement}).encode()
    answer = connection.request("POST", "/query", {}, body, _FORM)
    with connection.understood():
        text = answer.read()
    try:
        [result] = json.loads(text)["results"]
    except (ValueError, KeyError, TypeError):
        raise StoreUnavailable(
            "the answer is not InfluxDB's: is the store's address right?"
        ) from None
    if "error" in result:
        raise connection.failure(str(result["error"]))
    return list(result.get("series", ()))


def rows(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    """The values of all series, row by row. Raises as `run`."""
    found = run(connection, statement)
    return [tuple(row) for series in found for row in series.get("values", ())]


def kept_for(duration: str) -> str:
    """`720h0m0s` and `720h` as "for 30 days"; `0s` and `INF` as "for ever"."""
    found = re.match("([0-9]+)h", duration)
    hours = int(found[1]) if found else 0
    if not hours:
        return "for ever"
    return f"for {hours // 24} days" if hours % 24 == 0 else f"for {hours} hours"
