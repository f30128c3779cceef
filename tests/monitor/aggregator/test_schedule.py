"""The schedule between real threads."""

from __future__ import annotations

import threading
import time
from collections import Counter

from monitor.aggregator.node import Node
from monitor.aggregator.schedule import Schedule
from tests.real.process import wait_until


def test_stopping_wakes_who_waits() -> None:
    schedule = Schedule(4)
    taken: list[Node | None] = []
    threads = [threading.Thread(target=lambda: taken.append(schedule.take())) for _ in range(4)]
    for thread in threads:
        thread.start()
    schedule.stop()
    for thread in threads:
        thread.join(5)
    assert taken == [None] * 4


def test_new_nodes_are_asked_one_after_another() -> None:
    now = 1000.0
    schedule = Schedule(2000, lambda: now)
    schedule.add([Node(str(number)) for number in range(1000)], 10.0)
    taken: list[Node | None] = []

    def take() -> None:
        while (node := schedule.take()) is not None:
            taken.append(node)

    thread = threading.Thread(target=take)
    for second in range(10):
        now += 1.0
        schedule.add([], 0.0)  # whoever waits looks at the clock
        if not second:
            thread.start()
        wait_until(lambda n=second: len(taken) >= 99 + 100 * n, "these are due", 5, pause=0.005)
        assert len(taken) <= 101 + 100 * second
    schedule.stop()
    thread.join(5)
    assert len(taken) == 1000


def test_a_node_that_is_due_sooner_than_what_is_awaited_is_handed_out_then() -> None:
    schedule = Schedule(4)
    late, soon = Node("late"), Node("soon")
    schedule.add([late, soon], 0.0)
    assert [schedule.take(), schedule.take()] == [late, soon]
    schedule.give_back(late, 60.0, slow=False)
    taken: list[Node | None] = []
    threads = [threading.Thread(target=lambda: taken.append(schedule.take())) for _ in range(3)]
    for thread in threads:
        thread.start()
    schedule.give_back(soon, 0.1, slow=False)
    wait_until(lambda: taken == [soon], "it is handed out", 5)
    joins = Node("joins")
    schedule.add([joins], 0.0)
    wait_until(lambda: taken == [soon, joins], "a third worker keeps watch", 5)
    schedule.stop()
    for thread in threads:
        thread.join(5)


def test_five_thousand_nodes_cost_little_and_each_is_pulled_in_its_time() -> None:
    nodes = [Node(str(number)) for number in range(5000)]
    schedule = Schedule(16)
    schedule.add(nodes, 10.0)
    pulls: Counter[str] = Counter()

    def work() -> None:
        while (node := schedule.take()) is not None:
            pulls[node.url] += 1
            schedule.give_back(node, 10.0, slow=False)

    workers = [threading.Thread(target=work) for _ in range(16)]
    before = time.process_time()
    for worker in workers:
        worker.start()
    time.sleep(3.0)
    schedule.stop()
    for worker in workers:
        worker.join(5)
    seconds = time.process_time() - before
    print(f"{pulls.total() / 3:.0f} takes a second, {seconds / 3:.1%} of a core")
    assert 1400 <= pulls.total() <= 1600
    assert max(pulls.values()) == 1
    assert seconds < 0.3 * 3
