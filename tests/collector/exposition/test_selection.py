"""What a scrape may ask for, and what is refused with what words."""

from __future__ import annotations

import pytest

from collector.exposition.selection import EVERYTHING, Selection, max_age_seconds, selection
from monitor.errors import BadRequest


def test_groups_and_measurements_are_told_apart() -> None:
    assert selection([]) == EVERYTHING
    asked = selection(["cpu", "container", "diskIO", "cpu"])
    assert asked == Selection(frozenset({"cpu", "diskIO"}), frozenset({"container"}))


@pytest.mark.parametrize("name", ["", "CPU", "containers", "container_cpu_usage_seconds_total"])
def test_an_unknown_name_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(BadRequest, match=f"'{name}'") as refused:
        selection(["cpu", name])
    assert refused.value.parameter == "collect[]"
    assert "pressure" in refused.value.hint and "container, node, machine" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("0s", 0), ("5s", 5), ("2.5", 2.5), ("300", 300)]
)
def test_an_age_is_a_number_of_seconds(text: str, seconds: float) -> None:
    assert max_age_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "1e3", "nan", "inf", "5m", "5 s", "1\n", "٣"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(BadRequest, match="max_age") as refused:
        max_age_seconds(text)
    assert refused.value.parameter == "max_age"
    assert "\n" not in str(refused.value)
