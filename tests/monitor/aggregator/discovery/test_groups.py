"""Prometheus' target groups."""

from __future__ import annotations

import pytest

from monitor.aggregator.discovery.groups import groups
from monitor.aggregator.discovery.source import Group


def test_targets_have_the_labels_of_their_group() -> None:
    found = groups(
        [
            {"targets": ["a:1", "b:1"], "labels": {"rack": "1", "slot": 7}},
            {"targets": ["c:1"]},
            {"targets": [], "labels": {}},
            {"labels": None, "targets": None},
        ]
    )
    assert found == [
        Group(["a:1", "b:1"], labels='{"rack":"1","slot":"7"}'),
        Group(["c:1"]),
        Group([]),
        Group([]),
    ]


def test_the_scheme_is_a_label_and_those_for_relabelling_are_left_out() -> None:
    labels = {"__scheme__": "https", "__meta_az": "x", "__address__": "evil:1", "env": "prod"}
    assert groups([{"targets": ["a:1"], "labels": labels}]) == [
        Group(["a:1"], "https", '{"env":"prod"}')
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "it is no list of groups"),
        (None, "it is no list of groups"),
        (["a:1"], "group 1 has no targets and labels"),
        ([{"targets": ["a:1"]}, {"target": ["b:1"]}], "group 2 has 'target'; there are only"),
        ([{"targets": "a:1"}], "group 1: targets is no list of texts"),
        ([{"targets": [1]}], "group 1: targets is no list of texts"),
        ([{"targets": [["a:1"]]}], "group 1: targets is no list of texts"),
        ([{"targets": [], "labels": ["x"]}], "group 1: labels is no mapping"),
        ([{"targets": [], "labels": {"a-b": "x"}}], "group 1: 'a-b' cannot be the name of a label"),
        ([{"targets": [], "labels": {1: "x"}}], "group 1: '1' cannot be the name of a label"),
        ([{"targets": [], "labels": {"x": ["y"]}}], "group 1: label x is no text"),
        ([{"targets": [], "labels": {"x": True}}], "group 1: label x is no text; put it in quotes"),
        ([{"targets": [], "labels": {"x": "y" * 5000}}], "group 1: label x is longer than 4096"),
        ([{"targets": [], "labels": {f"x{n}": "" for n in range(65)}}], "group 1 has 65 labels"),
        ([{"targets": ["a:1"] * 50_001}], "it names more than 50,000 targets"),
    ],
)
def test_what_is_no_group_is_told_by_its_number(data: object, words: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        groups(data)
    assert words in str(caught.value)
