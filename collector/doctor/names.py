"""Whether the containers' names can be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.config import CollectorConfig
from collector.containers.names import Found
from collector.doctor.finding import Finding

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
    return Finding(AREA, "Docker", "ok", f"{url} names {len(named & theirs) or len(named)}")
