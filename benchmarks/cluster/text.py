"""Text with numbers cut out, as line protocol and as a page for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Slot = tuple[str, int]
"""Which number: its kind, and which one of that kind."""


class Cut(NamedTuple):
    """A `%` format, and what goes into it."""

    text: str
    slots: tuple[Slot, ...]


class Field(NamedTuple):
    """`name=value`; `suffix` is what line protocol writes behind the number."""

    name: str
    suffix: str
    value: Cut


class Line(NamedTuple):
    """`key` is `measurement,tag=value,…`; `number` says which line's time it has."""

    key: Cut
    fields: Sequence[Field]
    number: int


def line_protocol(lines: Sequence[Line]) -> Cut:
    """The lines as a collector logs them."""
    text, slots = "", list[Slot]()
    for line in lines:
        fields = [f"{field.name}={field.value.text}{field.suffix}" for field in line.fields]
        text += f"{line.key.text} {','.join(fields)} %d\n"
        slots += line.key.slots
        for field in line.fields:
            slots += field.value.slots
        slots.append(("time_ns", line.number))
    return Cut(text, tuple(slots))


def exposition(lines: Sequence[Line]) -> Cut:
    """The same samples as text of Prometheus, each with its own time."""
    text, slots = "", list[Slot]()
    for line in lines:
        measurement, *tags = line.key.text.split(",")
        labels = ",".join(
            f'{name}="{value}"' for name, _, value in (t.partition("=") for t in tags)
        )
        for field in line.fields:
            text += f"{measurement}_{field.name}{{{labels}}} {field.value.text} %d\n"
            slots += [*line.key.slots, *field.value.slots, ("time_ms", line.number)]
    return Cut(text, tuple(slots))
