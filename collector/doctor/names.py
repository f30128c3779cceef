"""Whether the containers' names can be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.config import CollectorConfig
from collector.containers.names import OTHER_RUNTIMES, Found
from collector.containers.state_file import Unusable
from collector.containers.state_roots import roots, roots_of_user
from collector.doctor.words import shortened, words
from monitor.findings import Finding

AREA = "names"


def docker(config: CollectorConfig, environ: Mapping[str, str], found: Sequence[Found]) -> Finding:
    """Asks the engine for its list, once."""
    if config.docker == "none":
        return Finding(AREA, "Docker", "none", "--docker none", needed=False)
    # Imported late, as the collector does: the client and what it needs take 7 MiB.
    from collector.containers.docker_engine import Engine, EngineAway, address

    url = address(config.docker, environ)
    theirs = {container.id for container in found if container.runtime in ("docker", "")}
    try:
        engine = Engine(url, environ)
        try:
            named = {row["Id"] for row in engine.running()}
        finally:
            engine.close()
    except EngineAway as error:
        why, _, remedy = str(error).removeprefix("docker: ").partition("; ")
        if error.absent and not theirs:
            return Finding(AREA, "Docker", "none", why, needed=False)
        return Finding(AREA, "Docker", "no", f"{why}: containers are shown by their ids", remedy)
    except (KeyError, TypeError, AttributeError) as error:
        return Finding(AREA, "Docker", "no", f"{url} does not speak like Docker: {error!r}")
    foreign = {container.id for container in found if container.runtime == "docker"} - named
    if foreign:
        why = f"{url} does not know {len(foreign)} of Docker's containers, which have no name then"
        remedy = "if they are another engine's, name that with --docker URL"
        return Finding(AREA, "Docker", "partly", why, remedy, needed=False)
    return Finding(AREA, "Docker", "ok", f"{url} answers: {len(named)} named")


def state_files(config: CollectorConfig, found: Sequence[Found]) -> Finding:
    """Looks for each container of another runtime in the files that its runtime keeps."""
    what = "other runtimes"
    places = [root for path in config.runtime_state_dirs for root in roots(path)]
    unnamed: list[str] = []
    named = 0
    for container in found:
        if container.runtime not in (*OTHER_RUNTIMES, ""):
            continue
        try:
            known = any(
                root.find(container.id) for root in (*places, *roots_of_user(container.path))
            )
        except PermissionError as error:
            why = f"{words(error, error.filename)}: containers are shown by their ids"
            return Finding(AREA, what, "no", why, "run it as root or with CAP_DAC_READ_SEARCH")
        except Unusable as error:
            return Finding(AREA, what, "no", str(error))
        named += known
        if not known and container.runtime:  # one of no known runtime may be Docker's
            unnamed.append(container.path)
    if unnamed:
        remedy = "say with --runtime-state where its runtime keeps its state"
        why = f"no state of {shortened(unnamed[0])} in {config.runtime_state or 'no directory'}"
        return Finding(AREA, what, "partly" if named else "no", why, remedy)
    if not named:
        why = "no container of containerd, CRI-O or podman runs"
        return Finding(AREA, what, "none", why, needed=False)
    return Finding(AREA, what, "ok", f"their state files name {named}")
