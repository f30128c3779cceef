"""What the stores that are reached over HTTP have in common: refusals and failures in words."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from monitor.errors import (
    StoreError,
    StoreForbidden,
    StoreMissing,
    StoreRejected,
    StoreTooLarge,
    StoreUnavailable,
    one_line,
)
from monitor.stores import deadline

REFUSALS = (400, 401, 403, 413, 422, 429, 503)
"""The statuses that mean the same of every store."""
_SHOWN_CHARACTERS = 300
"""So much of a store's own words is passed on."""


def said(body: bytes | str | None, otherwise: str | None = None) -> str:
    """The store's own words on one line: the `error` or `message` of JSON, else the beginning."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        text = str(document.get("error") or document.get("message") or text)
    return in_short(text) or otherwise or "no reason given"


def in_short(text: str) -> str:
    """A text of any length and origin as a part of one line; the cause may stand at its end."""
    line = one_line(text)
    if len(line) <= _SHOWN_CHARACTERS:
        return line
    half = _SHOWN_CHARACTERS // 2
    return f"{line[:half]} … {line[-half:]}"


def refusal(
    place: str, status: int, reason: str, headers: Mapping[str, str], credentials: str
) -> StoreError:
    """What a status that is no 2xx means; `credentials` names the setting that holds ours."""
    if status in (401, 403):
        return StoreForbidden(
            f"{place} refuses the credentials ({status}, {reason}): check {credentials}"
        )
    if status == 404:
        return StoreMissing(f"{place} answers 404 ({reason}): is the address right?")
    if status == 413:
        return StoreTooLarge(f"{place} takes no body of this size ({status}): {reason}")
    if status in (400, 422):
        return StoreRejected(f"{place} refuses ({status}): {reason}")
    if status in (429, 503):
        return StoreUnavailable(f"{place} is busy ({status}, {reason})", retry_after(headers))
    if 300 <= status < 400:
        return StoreUnavailable(f"{place} sends us elsewhere ({status}): name that address")
    return StoreUnavailable(f"{place} says {f'{status} {reason}'!r}: see its log")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a Retry-After names, or those until its date; None where it says neither."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, date.replace(tzinfo=date.tzinfo or UTC).timestamp() - time.time())


def away(place: str, error: Exception, seconds: float) -> StoreUnavailable:
    """The store did not answer, or not to the end, within the exchange's `seconds`."""
    if deadline.is_over(error):
        return StoreUnavailable(
            f"{place} did not answer within {seconds:g} s: is it overloaded, or the link slow?"
        )
    return StoreUnavailable(
        f"{place} does not answer ({_cause(error)}): is it running, and is the address right?"
    )


def insecure(place: str, error: object, trust: str) -> StoreUnavailable:
    """TLS failed; `trust` names the setting with the certificates that we believe."""
    text = in_short(str(error))
    found = re.search(r"certificate verify failed: (.*?)\.?(?: \(_ssl|$)", text)
    if found is None:
        spoken = "is it http://?" if "WRONG_VERSION" in text else f"check {trust}"
        return StoreUnavailable(f"{place}: no secure connection ({text}): {spoken}")
    remedy = f"check {trust}"
    if "expired" in text:
        remedy = "give it a new one"
    elif "mismatch" in text:
        remedy = "name the address that it is for"
    return StoreUnavailable(f"{place}: its certificate is not believed ({found[1]}): {remedy}")


def _cause(error: Exception) -> str:
    """The innermost cause, without the object addresses that urllib3 puts before it."""
    inner = error.__cause__ or error.__context__
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return str(error).rpartition(">: ")[2] or type(error).__name__
