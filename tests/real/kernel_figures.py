"""What the kernel says of a container, figure by figure: the tests' own reading of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.real.cgroups import MOUNT, cgroup_of

Parts = Mapping[str, float]
"""By the block device or network interface, else under ""."""

# Behind a file: the line's first word, the column of net/dev, # for the number of lines, or what of
# memory.stat is to be taken off; and how many of the kernel's units are one of the figure's.
_TABLE = """
cpu_usage_seconds_total             counter | cpuacct cpuacct.usage /1e9         | cpu.stat usage_usec /1e6
cpu_user_seconds_total              counter | cpuacct cpuacct.stat user /1e2     | cpu.stat user_usec /1e6
cpu_system_seconds_total            counter | cpuacct cpuacct.stat system /1e2   | cpu.stat system_usec /1e6
cpu_cfs_periods_total               counter | cpu cpu.stat nr_periods            | cpu.stat nr_periods
cpu_cfs_throttled_periods_total     counter | cpu cpu.stat nr_throttled          | cpu.stat nr_throttled
cpu_cfs_throttled_seconds_total     counter | cpu cpu.stat throttled_time /1e9   | cpu.stat throttled_usec /1e6
memory_usage_bytes                  gauge   | memory memory.usage_in_bytes       | memory.current
memory_working_set_bytes            gauge   | memory memory.usage_in_bytes -total_inactive_file | memory.current -inactive_file
memory_rss                          gauge   | memory memory.stat total_rss       | memory.stat anon
memory_cache                        gauge   | memory memory.stat total_cache     | memory.stat file
memory_mapped_file                  gauge   | memory memory.stat total_mapped_file | memory.stat file_mapped
memory_max_usage_bytes              counter | memory memory.max_usage_in_bytes   | memory.peak
memory_failcnt                      counter | memory memory.failcnt              | memory.events max
oom_events_total                    counter | memory memory.oom_control oom_kill | memory.events oom_kill
spec_memory_limit_bytes             gauge   | memory memory.limit_in_bytes       | memory.max
fs_reads_bytes_total                counter | blkio blkio.throttle.io_service_bytes_recursive Read  | io.stat rbytes
fs_writes_bytes_total               counter | blkio blkio.throttle.io_service_bytes_recursive Write | io.stat wbytes
fs_reads_total                      counter | blkio blkio.throttle.io_serviced_recursive Read       | io.stat rios
fs_writes_total                     counter | blkio blkio.throttle.io_serviced_recursive Write      | io.stat wios
network_receive_bytes_total            counter | net/dev 0  | =
network_receive_packets_total          counter | net/dev 1  | =
network_receive_errors_total           counter | net/dev 2  | =
network_receive_packets_dropped_total  counter | net/dev 3  | =
network_transmit_bytes_total           counter | net/dev 8  | =
network_transmit_packets_total         counter | net/dev 9  | =
network_transmit_errors_total          counter | net/dev 10 | =
network_transmit_packets_dropped_total counter | net/dev 11 | =
threads                             gauge   | pids pids.current                  | pids.current
processes                           gauge   | pids cgroup.procs #                | cgroup.procs #
threads_max                         gauge   | pids pids.max                      | pids.max
pressure_cpu_waiting_seconds_total     counter | unified cpu.pressure some /1e6    | cpu.pressure some /1e6
pressure_cpu_stalled_seconds_total     counter | unified cpu.pressure full /1e6    | cpu.pressure full /1e6
pressure_memory_waiting_seconds_total  counter | unified memory.pressure some /1e6 | memory.pressure some /1e6
pressure_io_waiting_seconds_total      counter | unified io.pressure some /1e6     | io.pressure some /1e6
"""  # noqa: E501 - a table


class Figure(NamedTuple):
    """A field of `container`, and where the kernel says it; a gauge may fall, a counter not.

    `controller` is that of version 1; "" on version 2, and where there is a unified tree beside.
    """

    name: str
    is_counter: bool
    controller: str
    file: str
    word: str
    units: float

    def read(self, pid: int) -> Parts:
        """The figure now, of the container in which the process is."""
        if self.file == "net/dev":
            rows = [
                row.split(":") for row in Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
            ]
            return {name.strip(): int(rest.split()[int(self.word)]) for name, rest in rows}
        group = cgroup_of(pid, self.controller)
        text = (group / self.file).read_text()
        if text.strip() == "max":
            return {}
        if self.file.startswith("blkio."):
            return _blkio(text, self.word)
        if self.file == "io.stat":
            return _io(text, self.word)
        if self.word.startswith("-"):
            return {"": int(text) - _value((group / "memory.stat").read_text(), self.word[1:])}
        if self.word == "#":
            return {"": len(text.split())}
        return {"": (_value(text, self.word) if self.word else int(text)) / self.units}


def figures(is_v2: bool = (MOUNT / "cgroup.controllers").exists()) -> tuple[Figure, ...]:
    """All that is compared, of every runtime, on this version."""
    return tuple(_figure(row, is_v2) for row in _TABLE.strip().splitlines())


def _figure(row: str, is_v2: bool) -> Figure:
    named, v1, v2 = (column.strip() for column in row.split("|"))
    name, kind = named.split()
    words = (v2 if is_v2 and v2 != "=" else v1).split()
    units = float(words.pop()[1:]) if words[-1].startswith("/") else 1
    controller = "" if is_v2 or v2 == "=" else words.pop(0).replace("unified", "")
    return Figure(name, kind == "counter", controller, words[0], "".join(words[1:]), units)


def _value(text: str, word: str) -> int:
    """The last number of the line that begins with the word."""
    line = next(line for line in text.splitlines() if line.split()[0] == word)
    return int(line.split()[-1].removeprefix("total="))


def _blkio(text: str, direction: str) -> Parts:
    """Lines of `254:0 Read 4096`."""
    rows = [line.split() for line in text.splitlines()]
    return {_disk(row[0]): int(row[2]) for row in rows if row[1] == direction}


def _io(text: str, name: str) -> Parts:
    """Lines of `254:0 rbytes=4096 wbytes=0`."""
    rows = [line.split() for line in text.splitlines()]
    return {
        _disk(row[0]): int(dict(pair.split("=") for pair in row[1:])[name])
        for row in rows
        if len(row) > 1
    }


def _disk(number: str) -> str:
    return Path(f"/sys/dev/block/{number}").resolve().name
