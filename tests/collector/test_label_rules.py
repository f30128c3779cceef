"""Which labels are kept and shown, and what becomes of names that Prometheus cannot have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.label_rules import NO_RULES, LabelRules

LABELS = {"com.docker.compose.project": "shop", "app": "web", "maintainer": "me"}


def test_without_rules_all_is_kept_and_none_is_shown() -> None:
    assert NO_RULES.kept(LABELS) == LABELS
    assert NO_RULES.shown(LABELS) == {}


def test_allowed_labels_have_cadvisors_names() -> None:
    rules = LabelRules(allow=("app", "com.docker.*"))
    assert rules.shown(LABELS) == {
        "container_label_app": "web",
        "container_label_com_docker_compose_project": "shop",
    }


def test_what_is_denied_is_neither_kept_nor_shown() -> None:
    rules = LabelRules(allow=("*",), deny=("maintain*", "App"))
    assert rules.kept(LABELS).keys() == LABELS.keys() - {"maintainer"}
    assert rules.shown(LABELS).keys() == {
        "container_label_app",
        "container_label_com_docker_compose_project",
    }


def test_of_names_that_become_one_the_first_is_shown() -> None:
    labels = {"a_b": "3", "a.b": "2", "a-b": "1", "é": "x", "ü": "y"}
    shown = LabelRules(allow=("*",)).shown(labels)
    assert shown == {"container_label_a_b": "1", "container_label__": "x"}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=8))
def test_any_name_becomes_one_that_prometheus_takes(labels: dict[str, str]) -> None:
    for name in LabelRules(allow=("*",)).shown(labels):
        assert name.isascii() and name.isidentifier()
