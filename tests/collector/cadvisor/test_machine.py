"""The machine's hardware: this one's, and one made of files."""

from __future__ import annotations

from pathlib import Path

from collector.cadvisor.machine import Machine
from tests.collector.cadvisor.recorded import SHAPES, complaints


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_this_machine_has_all_that_cadvisor_tells_of_one() -> None:
    machine = Machine(Path("/proc"))
    info = machine.info()
    assert complaints(SHAPES["model.MachineInfo"], info) == []
    assert complaints(SHAPES["v2.Attributes"], machine.attributes()) == []
    assert info["num_cores"] == sum(
        len(core["thread_ids"]) for node in info["topology"] for core in node["cores"]
    )
    total = Path("/proc/meminfo").read_text().split()[1]
    assert info["memory_capacity"] == machine.memory_capacity() == int(total) * 1024
    assert info["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_a_machine_made_of_files(tmp_path: Path) -> None:
    proc, root = tmp_path / "proc", tmp_path / "root"
    write(
        proc,
        meminfo="MemTotal: 2048 kB\nSwapTotal: 1024 kB\n",
        cpuinfo="processor: 0\nvendor_id\t: AuthenticAMD\ncpu MHz\t\t: 2596.120\n",
        diskstats=" 8 16 sdb 1 2 3\n 7 0 loop0 1 2 3\n",
    )
    cpus = {f"cpu{n}__topology__core_id": str(n % 2) for n in range(4)}
    cpus |= {f"cpu{n}__topology__physical_package_id": "0" for n in range(4)}
    write(root / "sys/devices/system/cpu", **cpus)
    write(root / "sys/devices/system/node/node0", **cpus)
    write(
        root / "sys",
        devices__system__node__node0__meminfo="Node 0 MemTotal:  2048 kB\n",
        devices__system__node__node0__distance="10 21\n",
        block__sdb__dev="8:16\n",
        block__sdb__size="2048\n",
        block__sdb__queue__scheduler="none [mq-deadline]\n",
        block__loop0__dev="7:0\n",
        class__net__eth0__mtu="1500\n",
        class__net__eth0__speed="-1\n",
        class__net__eth0__address="02:00:00:00:00:01\n",
        class__net__veth1__mtu="1500\n",
    )
    write(root / "sys/kernel/mm/hugepages", **{"hugepages-2048kB__nr_hugepages": "3\n"})
    write(root / "etc", **{"machine-id": "abc\n", "os-release": 'PRETTY_NAME="Some OS 1"\n'})
    machine = Machine(proc, root)
    info = machine.info()
    assert complaints(SHAPES["model.MachineInfo"], info) == []
    assert (info["vendor_id"], info["cpu_frequency_khz"]) == ("AuthenticAMD", 2596120)
    assert (info["memory_capacity"], info["swap_capacity"]) == (2048 * 1024, 1024 * 1024)
    assert info["hugepages"] == [{"page_size": 2048, "num_pages": 3}]
    assert info["disk_map"] == {
        "8:16": {
            "name": "sdb", "major": 8, "minor": 16, "size": 2**20, "scheduler": "mq-deadline",
        }
    }  # fmt: skip
    assert info["network_devices"] == [
        {"name": "eth0", "mac_address": "02:00:00:00:00:01", "speed": 0, "mtu": 1500}
    ]
    (node,) = info["topology"]
    assert (node["memory"], node["distances"]) == (2048 * 1024, [10, 21])
    assert [core["thread_ids"] for core in node["cores"]] == [[0, 2], [1, 3]]
    assert (info["machine_id"], info["boot_id"], info["system_uuid"]) == ("abc", "", "")
    assert machine.attributes()["container_os_version"] == "Some OS 1"
    numbers = machine.device_numbers()
    assert (numbers("sdb"), numbers("259:3"), numbers("gone")) == ((8, 16), (259, 3), (0, 0))
