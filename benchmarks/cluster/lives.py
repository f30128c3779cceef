"""How long pods and containers live: pods end and another takes their place, containers restart."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.cluster.chance import Words, words

Numbers = NDArray[np.int64]

_CONTAINERS = np.arange(1, 3)
_POD_SWEEPS = (360, 17_280)
"""From one hour to two days, at ten seconds."""
_RESTART_SWEEPS = (720, 34_560)


class Place(NamedTuple):
    """What stays of the places for pods on a node: an element (or line) for each.

    `length` is how many sweeps each pod lives there, `begun` how long ago the first one started at
    sweep 0, `patience` the sweeps after which each of its containers restarts.
    """

    length: Numbers
    begun: Numbers
    patience: Numbers


class Lives(NamedTuple):
    """A row for each place that a pod can have on a node.

    `who` is chance that lasts as long as the pod. `ages` has a column for the pod and one for each
    container: sweeps since it started. `starts` is chance that lasts as long as that start.
    """

    who: Words
    ages: Numbers
    starts: Words


def lives(node: int, pods: int, sequence: int) -> Lives:
    """Which pods run on the node in sweep `sequence`, and since when."""
    place = _place(node, pods)
    generation, age = np.divmod(sequence + place.begun, place.length)
    places = np.arange(pods)
    who = words(node, places, generation)
    restarts, ages = np.divmod(age[:, None], place.patience)
    started = words(node, places[:, None], generation[:, None], _CONTAINERS, restarts)
    return Lives(
        who,
        np.concatenate((age[:, None], ages), axis=1),
        np.concatenate((who[:, None], started), axis=1),
    )


@lru_cache(maxsize=8192)
def _place(node: int, pods: int) -> Place:
    places = np.arange(pods)
    return Place(
        length=_between(words(node, places, 1), _POD_SWEEPS),
        begun=_between(words(node, places, 2), (0, 2**40)),
        patience=_between(words(node, places[:, None], 3, _CONTAINERS), _RESTART_SWEEPS),
    )


def _between(chance: Words, bounds: tuple[int, int]) -> Numbers:
    least, most = bounds
    return least + (chance % np.uint64(most - least)).astype(np.int64)
