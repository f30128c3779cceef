"""All that a collector of this configuration, run by this user, would see and would not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from collector.cgroup.hierarchy import Hierarchy, detect
from collector.config import CollectorConfig
from collector.containers.names import Found
from collector.doctor import cgroups, limits, names
from collector.doctor.groups import container_groups
from collector.doctor.host import host
from collector.doctor.trying import containers, subjects
from monitor.errors import ConfigError
from monitor.findings import Finding


def examine(config: CollectorConfig, environ: Mapping[str, str]) -> list[Finding]:
    """Try everything once. Nothing is changed, but for the process's own limit of open files."""
    proc, found = Path(config.proc_root), list[Found]()

    def kernel() -> Iterator[Finding]:
        hierarchy = _hierarchy(config)
        if isinstance(hierarchy, Finding):
            yield hierarchy
            return
        found.extend(containers(hierarchy))
        tried = subjects(hierarchy, found)
        yield from cgroups.cgroups(hierarchy, Path(config.cgroup_root), found, tried)
        yield from container_groups(hierarchy, tried, proc, config.groups)

    return [
        *_guarded("cgroups", kernel),
        *_guarded("names", lambda: [names.docker(config, environ, found)]),
        *_guarded("names", lambda: [names.state_files(config, found)]),
        *_guarded("host", lambda: host(proc)),
        *_guarded("open files", lambda: [limits.open_files(len(found))]),
        *_guarded("edge log", lambda: [limits.edge_log(config)]),
    ]


def _guarded(what: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:
        # The outermost line of a check: what the doctor trips over hides nothing else.
        yield Finding("the doctor itself", what, "no", f"could not go on: {error!r}")


def _hierarchy(config: CollectorConfig) -> Hierarchy | Finding:
    try:
        return detect(Path(config.cgroup_root))
    except ConfigError as error:
        why, _, remedy = str(error).partition("; ")
        return Finding(cgroups.AREA, "hierarchy", "no", why, remedy)
    except OSError as error:
        why = f"{error.filename}: {error.strerror}"
        return Finding(cgroups.AREA, "hierarchy", "no", why, "run it as root")
