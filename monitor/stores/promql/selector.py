"""The selector that is asked for, built from quoted parts: none of them can be left from inside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from monitor.stores.protocols import Matcher

_LABEL = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_STRING = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def names(measurement: str, fields: Sequence[str]) -> Mapping[str, str]:
    """The name that each field's series has there, and the field."""
    return {f"{measurement}_{field}": field for field in fields}


def selector(names: Sequence[str], matchers: Sequence[Matcher]) -> str:
    """All series with one of the names that satisfy the matchers, whose labels can `stand_there`.

    Their regular expressions are anchored at both ends by PromQL itself.
    """
    if len(names) == 1:
        wanted = [Matcher("__name__", "=", names[0])]
    else:
        wanted = [Matcher("__name__", "=~", "|".join(map(re.escape, names)))]
    parts = (f"{m.label}{m.op}{string(m.value)}" for m in [*wanted, *matchers])
    return f"{{{','.join(parts)}}}"


def can_stand_there(matcher: Matcher) -> bool:
    """Whether PromQL has labels of this form; what is of another is left to us."""
    return _LABEL.fullmatch(matcher.label) is not None


def string(value: str) -> str:
    return f'"{value.translate(_STRING)}"'
