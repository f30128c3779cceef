"""The one InfluxQL statement that Weir sends, built from quoted parts.

It stays inside what InfluxDB 1.x, 2.x and 3 have in common: one SELECT, no qualified names, no
subquery. A name or value can stand in it only as a quoted identifier, a quoted string or a regular
expression literal, and none of these can be left from inside.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.stores.protocols import Matcher

_IDENTIFIER = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_STRING = str.maketrans({"\\": r"\\", "'": r"\'", "\n": r"\n"})


def select(
    measurement: str,
    fields: Sequence[str],
    matchers: Sequence[Matcher],
    start_ns: int,
    end_ns: int,
) -> str:
    """All samples of the fields, grouped by every tag; both ends of the range are included."""
    columns = ", ".join(f"{identifier(name)}::field" for name in fields)
    conditions = [_condition(matcher) for matcher in matchers]
    conditions += [f"time >= {start_ns:d}", f"time <= {end_ns:d}"]
    return (
        f"SELECT {columns} FROM {identifier(measurement)}"  # noqa: S608 (every part is quoted)
        f" WHERE {' AND '.join(conditions)} GROUP BY *"
    )


def identifier(name: str) -> str:
    return f'"{name.translate(_IDENTIFIER)}"'


def string(value: str) -> str:
    return f"'{value.translate(_STRING)}'"


def regex(pattern: str) -> str:
    """A literal anchored at both ends; an absent tag is matched as "".

    `pattern` has to be a whole regular expression in itself (`monitor.stores.matching.check`).
    InfluxQL knows one escape in a literal, `\\/`; a line break becomes the regular expression's.
    """
    return f"/^(?:{_without_slashes(pattern)})$/"


def _without_slashes(pattern: str) -> str:
    parts = []
    escaped = False
    for character in pattern:
        if character == "/" and not escaped:
            parts.append(r"\/")
        elif character == "\n":
            parts.append("n" if escaped else r"\n")
        else:
            parts.append(character)
        escaped = character == "\\" and not escaped
    return "".join(parts)


def _condition(matcher: Matcher) -> str:
    tag = f"{identifier(matcher.label)}::tag"
    if matcher.op in ("=", "!="):
        return f"{tag} {matcher.op} {string(matcher.value)}"
    return f"{tag} {matcher.op} {regex(matcher.value)}"
