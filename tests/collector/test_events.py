"""Events of containers as rows."""

from __future__ import annotations

from collector.containers.docker_naming import ContainerEvent
from collector.containers.names import Naming
from collector.events import event_records
from monitor.lineprotocol import encode

IDENTITY = {"cluster": "c", "node": "n"}


def died(time_ns: int, naming: Naming) -> ContainerEvent:
    return ContainerEvent(time_ns, "abc", naming, "Died", "Warning", "exited with code 3")


def test_an_event_is_one_line() -> None:
    (record,) = event_records([died(5, Naming("web-1", "shop"))], IDENTITY)
    assert encode([record]).decode() == (
        "event,cluster=c,kind=Container,namespace=shop,node=n,reason=Died,type=Warning "
        'message="exited with code 3",object="web-1",id="abc" 5\n'
    )


def test_the_object_of_a_pod_names_pod_and_container() -> None:
    (record,) = event_records([died(5, Naming("nginx", "prod", "web-0"))], IDENTITY)
    assert record.fields["object"] == "web-0/nginx"


def test_two_events_of_one_instant_are_both_kept() -> None:
    records = event_records([died(5, Naming("a")), died(5, Naming("b"))], IDENTITY)
    assert [(r.fields["object"], r.time_ns) for r in records] == [("a", 5), ("b", 6)]
