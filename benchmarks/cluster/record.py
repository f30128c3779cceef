"""Records what the simulator's rows look like, from a real collector over real containers.

python -m benchmarks.cluster.record

A pod of two containers runs in a Docker engine of its own, labelled and placed as Kubernetes does,
and works a little: `app` writes and reads a file, `sidecar` talks over the pod's network. After a
minute the last sweep of `weir collector` becomes `recorded.lp`. Needs root and Debian's docker.io.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from pathlib import Path

from monitor.gzipped import members
from tests.real.docker import Engine
from tests.real.weir import Weir

RECORDED = Path(__file__).with_name("recorded.lp")
NODE, POD, NAMESPACE = "node-17", "web-7d9f8b6c5d-x2k4q", "shop"
WORK = {
    "app": "dd if=/dev/zero of=/dev/shm/held bs=1M count=60; "
    "while :; do dd if=/dev/urandom of=/tmp/f bs=64k count=64; md5sum /tmp/f; sleep 1; done",
    "sidecar": "dd if=/dev/zero of=/dev/shm/held bs=1M count=20; "
    "ping -i 0.2 -s 1000 $(ip route | awk '/default/ {print $3}')",
}
SECONDS = 62.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="weir-record-") as place:
        directory = Path(place)
        engine = Engine(directory)
        try:
            engine.start()
            _run_pod(engine)
            RECORDED.write_bytes(_sweep(directory, engine))
        finally:
            engine.stop()


def _run_pod(engine: Engine) -> None:
    uid = str(uuid.uuid4())
    sandbox = engine.run("sleep", "1000", options=_placed(uid, "POD", "podsandbox"))
    limits = ("--memory=268435456", "--cpus=0.5", f"--network=container:{sandbox.id}")
    for name, work in WORK.items():
        engine.run("sh", "-c", work, options=(*_placed(uid, name, "container"), *limits))


def _placed(uid: str, container: str, kind: str) -> tuple[str, ...]:
    labels = {
        "pod.name": POD,
        "pod.namespace": NAMESPACE,
        "pod.uid": uid,
        "container.name": container,
        "docker.type": kind,
    }
    parent = f"--cgroup-parent=/kubepods/burstable/pod{uid}"
    return (parent, *(f"--label=io.kubernetes.{key}={value}" for key, value in labels.items()))


def _sweep(directory: Path, engine: Engine) -> bytes:
    """The newest record of a collector that swept for a while."""
    collector = Weir(
        "collector",
        directory,
        f"--data={directory / 'log'}",
        f"--docker={engine.url}",
        f"--node={NODE}",
        "--cluster=bench",
    )
    try:
        collector.start_and_wait()
        time.sleep(SECONDS)
        record = list(members(collector.get("/api/v1/stream", max_bytes=4_000_000)))[-1]
        lines = record.splitlines(keepends=True)
        return b"".join(line for line in lines if b"device=weirt" not in line)  # our own bridge
    finally:
        collector.stop()


if __name__ == "__main__":
    main()
