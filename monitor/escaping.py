"""What hostile names become before they stand in line protocol.

Tags cannot carry line breaks, and a backslash in a tag is read differently by different stores
(a trailing one swallows the separator behind it), so both are replaced by a character that looks
like them: no name can forge a line, a tag or a field, and a reader still recognises it. So is a
double quote in a name, where some parsers would look for text.
"""

from __future__ import annotations

MAX_NAME_BYTES = 256
MAX_VALUE_BYTES = 4096

_CONTROL = dict.fromkeys((*range(0x20), 0x7F, 0x85, 0x2028, 0x2029), "\N{REPLACEMENT CHARACTER}")
_CONTROL |= {ord(c): " " for c in "\t\n\r"}
_TAG_SAFE = _CONTROL | {ord("\\"): "\N{FULLWIDTH REVERSE SOLIDUS}"}
_NAME_SAFE = _TAG_SAFE | {ord('"'): "'"}
_MEASUREMENT = str.maketrans({",": r"\,", " ": r"\ "})
_TAG = str.maketrans({",": r"\,", " ": r"\ ", "=": r"\="})
_TEXT = str.maketrans({'"': r"\"", "\\": r"\\"})


def _cap(text: str, limit: int) -> str:
    """Cut at `limit` bytes of UTF-8, never inside a character; lone surrogates are replaced."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit and text.isascii():
        return text
    return raw[:limit].decode("utf-8", "ignore")


def safe_name(name: str) -> str:
    """A tag or field key that line protocol can carry, at most 256 bytes."""
    return _cap(name.translate(_NAME_SAFE), MAX_NAME_BYTES)


def safe_tag(value: str) -> str:
    """A tag value that line protocol can carry, at most 4 KiB."""
    return _cap(value.translate(_TAG_SAFE), MAX_VALUE_BYTES)


def safe_text(value: str) -> str:
    """A string field's value, without control characters, at most 4 KiB."""
    return _cap(value.translate(_CONTROL), MAX_VALUE_BYTES)


def measurement(name: str) -> str:
    """Escape a safe measurement name."""
    return safe_name(name).translate(_MEASUREMENT)


def tag(text: str) -> str:
    """Escape a safe tag key, tag value or field key."""
    return text.translate(_TAG)


def text(value: str) -> str:
    """Escape a safe string field's value (without its quotes)."""
    return value.translate(_TEXT)
