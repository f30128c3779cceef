"""file_sd: files of target groups, read again when they change."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from monitor.aggregator.discovery.groups import MAX_BYTES, groups
from monitor.aggregator.discovery.source import Listing
from monitor.errors import one_line

_LOOK_SECONDS = 2.0
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Files:
    """JSON and YAML files, some of them named by a pattern.

    Whether a file changed is asked of its status every two seconds, which costs microseconds, and
    also holds where inotify tells nothing: on network file systems, in containers whose mount is
    written from outside, and for the links by which Kubernetes swaps a ConfigMap.
    """

    every_seconds = _LOOK_SECONDS

    def __init__(self, patterns: Sequence[str]) -> None:
        self.name = f"nodes-file {','.join(patterns)}"
        self._patterns = patterns
        self._seen: dict[str, tuple[int, ...]] = {}

    def look(self) -> Iterator[Listing]:
        """What changed; a file that its pattern names no more is gone."""
        paths = list(dict.fromkeys(path for each in self._patterns for path in _paths(each)))
        for path in paths:
            state = _state(path)
            if self._seen.get(path) != state:
                self._seen[path] = state
                yield _listing(path)
        for path in self._seen.keys() - set(paths):
            del self._seen[path]
            yield Listing(_place(path), is_gone=True)


def _paths(pattern: str) -> Sequence[str]:
    if not glob.has_magic(pattern):
        return [pattern]
    return sorted(glob.glob(pattern))  # noqa: PTH207 - Path.glob takes no absolute pattern


def _state(path: str) -> tuple[int, ...]:
    """Equal as long as the file is the same."""
    try:
        status = Path(path).stat()
    except OSError as error:
        return (error.errno or 0,)
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _place(path: str) -> str:
    return f"nodes-file {path}"


def _listing(path: str) -> Listing:
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
        return Listing(_place(path), groups(_decoded(path, text)))
    except json.JSONDecodeError as error:
        why = f"{path}:{error.lineno}: no JSON: {error.msg}"
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        why = f"{path}:{line}: no YAML: {error.problem}"
    except yaml.YAMLError as error:
        why = f"{path}: no YAML: {one_line(str(error))}"
    except OSError as error:
        why = f"{path}: {error.strerror}"
    except RecursionError:
        why = f"{path}: it is nested too deeply"
    except ValueError as error:
        why = f"{path}: {error}"
    return Listing(_place(path), error=f"nodes-file {why}")


def _decoded(path: str, text: bytes) -> object:
    if path.endswith(".json"):
        return json.loads(text)
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader, in C where there is one
