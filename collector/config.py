"""The collector's settings, checked once."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from collector.label_rules import LabelRules
from monitor.catalogue import OPTIONAL_GROUPS
from monitor.errors import ConfigError
from monitor.escaping import safe_tag
from monitor.settings import setting, state_directory
from monitor.web.config import ListenConfig

MIB = 1024 * 1024
DOCKER_SCHEMES = ("unix://", "http+unix://", "tcp://", "http://", "https://", "ssh://")
RUNTIME_STATE = (
    "/run/containerd,/run/k3s/containerd,/run/containers/storage,/var/lib/containers/storage"
)


@dataclass(frozen=True, kw_only=True)
class CollectorConfig(ListenConfig):
    """What one node's collector does, and where it reads and keeps things."""

    listen: str = setting("127.0.0.1:9180", "address to listen on; port 0 picks a free one")
    node: str = setting("", "name of this node; empty: the host's name")
    cluster: str = setting("default", "name of the cluster that this node belongs to")
    data: str = setting(
        "",
        "directory of the edge log; empty: /var/lib/weir/collector for root, "
        "~/.local/share/weir/collector for others",
    )
    interval: float = setting(10.0, "seconds between two sweeps, 1 to 300")
    cpu_share: float = setting(
        0.05,
        "most of one core that sweeps may take, as a share of it; where they would take more they "
        "are made less often; 0 lets them",
    )
    docker: str = setting(
        "auto",
        "Docker engine to ask for names: URL, none, or auto for $DOCKER_HOST or the usual socket",
    )
    runtime_state: str = setting(
        RUNTIME_STATE,
        "directories in which containerd, CRI-O and podman keep their state, to find names there; "
        "separated by commas, empty for none",
    )
    enable: str = setting(
        "",
        "groups of metrics to read beside the usual ones, separated by commas: "
        f"{', '.join(sorted(OPTIONAL_GROUPS))}",
    )
    services: bool = setting(
        False, "show the node's systemd services too, each like a container in its slice"
    )
    label_allow: str = setting(
        "",
        "labels of containers that /metrics shows, as container_label_NAME: globs, comma-separated",
    )
    label_deny: str = setting(
        "",
        "labels of containers that are kept nowhere, neither stored nor shown: globs, "
        "comma-separated",
    )
    max_series: int = setting(
        20_000,
        "series (sets of tags) that this node may write, counted over an hour; further ones are "
        "left out, but never the node's own",
    )
    proc_root: str = setting("/proc", "where the host's procfs is mounted")
    cgroup_root: str = setting("/sys/fs/cgroup", "where the host's cgroups are mounted")
    log_max_bytes: int = setting(256 * MIB, "bytes that the edge log may take on the disk")
    log_max_age: float = setting(86400.0, "seconds for which the edge log keeps a record")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.interval <= 300:
            raise ConfigError(f"interval: {self.interval:g} s is not between 1 and 300 s")
        if not 0 <= self.cpu_share <= 1:
            raise ConfigError(
                f"cpu-share: {self.cpu_share:g} is no share of a core; 0.05 is a twentieth of it"
            )
        if self.log_max_bytes < MIB:
            raise ConfigError(
                f"log-max-bytes: {self.log_max_bytes} is too small to be of use; "
                f"give at least {MIB} (1 MiB)"
            )
        if not self.log_max_age >= 2 * self.interval:
            raise ConfigError(
                f"log-max-age: {self.log_max_age:g} s does not keep two sweeps; "
                f"give at least {2 * self.interval:g} s"
            )
        if self.docker not in ("auto", "none") and not self.docker.startswith(DOCKER_SCHEMES):
            raise ConfigError(
                f"docker: {self.docker!r} is neither a URL nor auto or none; "
                "a socket is written unix:///var/run/docker.sock"
            )
        if self.max_series < 100:
            raise ConfigError(
                f"max-series: {self.max_series} does not hold a node's own figures; "
                "give at least 100, or leave it out for 20000"
            )
        relative = [path for path in self.runtime_state_dirs if not path.startswith("/")]
        if relative:
            raise ConfigError(
                f"runtime-state: {relative[0]!r} is no absolute path; "
                f"a directory is written like {RUNTIME_STATE.partition(',')[0]}"
            )
        unknown = sorted(self.groups - OPTIONAL_GROUPS)
        if unknown:
            raise ConfigError(
                f"enable: {unknown[0]!r} is no group that can be enabled; "
                f"there are {', '.join(sorted(OPTIONAL_GROUPS))}"
            )
        for name in ("node", "cluster"):
            value = getattr(self, name)
            if value != safe_tag(value) or len(value) > 253:
                raise ConfigError(
                    f"{name}: {value!r} cannot be a name: at most 253 characters, "
                    "no control characters and no backslash"
                )
        if not self.cluster:
            raise ConfigError("cluster: must not be empty; leave it out for `default`")
        if not (Path(self.proc_root) / "stat").is_file():
            raise ConfigError(
                f"proc-root: {self.proc_root} is no procfs (it has no file stat); mount it, "
                "or name the place where the host's /proc is mounted"
            )

    @property
    def runtime_state_dirs(self) -> tuple[str, ...]:
        """The state directories of container runtimes that are looked into for names."""
        return tuple(path.strip() for path in self.runtime_state.split(",") if path.strip())

    @property
    def groups(self) -> frozenset[str]:
        """The optional groups of metrics that are to be read."""
        return frozenset(_listed(self.enable))

    @property
    def label_rules(self) -> LabelRules:
        """Which labels of containers are kept, and which of them are shown."""
        return LabelRules(_listed(self.label_allow), _listed(self.label_deny))

    @property
    def node_name(self) -> str:
        """The node's name: as set, else the host's."""
        return self.node or socket.gethostname()

    @property
    def data_dir(self) -> Path:
        """The directory of the edge log: as set, else the usual one of this user."""
        return state_directory(self.data, "collector")


def _listed(text: str) -> tuple[str, ...]:
    """The parts of a list that commas separate."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
