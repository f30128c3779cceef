import re
from typing import get_args

from monitor.catalogue import CATALOGUE, GROUPS, TAGS, Kind, Unit


def test_every_row_is_complete_and_of_a_known_kind_and_unit() -> None:
    for name, metric in CATALOGUE.items():
        assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name), name
        assert metric.kind in get_args(Kind), name
        assert re.fullmatch(r"[a-zA-Z_]+", metric.group), name
        assert metric.unit in get_args(Unit), name
        assert metric.measurement in TAGS, name
        assert metric.help and not metric.help.endswith("."), name
        assert metric.measurement == "weir" or metric.v1 or metric.v2, name


def test_a_total_is_a_counter_but_for_what_cadvisor_misnamed() -> None:
    wrong = {m.name for m in CATALOGUE.values() if m.name.endswith("_total") and m.kind == "gauge"}

    protocols, whose = ("tcp", "tcp6", "udp", "udp6"), ("container", "pod")
    sockets = {f"{one}_network_{p}_usage_total" for p in protocols for one in whose}
    assert wrong == {"container_fs_inodes_total", *sockets}


def test_the_names_are_those_of_the_field() -> None:
    for name in (
        "container_cpu_usage_seconds_total",
        "container_cpu_cfs_throttled_periods_total",
        "container_memory_working_set_bytes",
        "container_network_receive_bytes_total",
        "container_fs_writes_bytes_total",
        "container_spec_cpu_quota",
        "node_cpu_seconds_total",
        "node_memory_MemAvailable_bytes",
        "machine_cpu_cores",
    ):
        assert name in CATALOGUE


def test_no_group_has_the_name_of_a_measurement() -> None:
    """So that a scrape may ask for either in the same parameter."""
    assert not GROUPS & TAGS.keys()
