"""How a node treats those who ask it: well, or as nodes do that are in trouble."""

from __future__ import annotations

from enum import StrEnum


class Behaviour(StrEnum):
    """What becomes of an answer."""

    WELL = "well"
    """It is sent."""
    GONE = "gone"
    """The connection is reset as soon as it is made."""
    HANGS = "hangs"
    """Nothing is sent, ever."""
    DRIPS = "drips"
    """A byte each second."""
    CUTS = "cuts"
    """Half of it, and the connection ends."""
