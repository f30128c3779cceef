"""Which labels of containers are kept, and which of those become labels of Prometheus.

Patterns are globs, as in a shell: `com.docker.compose.*`. Case counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

PREFIX = "container_label_"

_NOT_IN_NAMES = re.compile("[^a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True)
class LabelRules:
    """What `deny` names is kept nowhere; what `allow` names, and `deny` does not, is shown."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def kept(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Those that may be stored."""
        if not self.deny:
            return labels
        return {name: value for name, value in labels.items() if not _any(self.deny, name)}

    def shown(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The labels that Prometheus gets, by cAdvisor's names: `container_label_app_version`.

        Where two names become one, the first of them in alphabetical order is the one that is
        shown, so that no sample ever has a label twice.
        """
        if not self.allow:
            return {}
        found: dict[str, str] = {}
        for name in sorted(self.kept(labels)):
            if _any(self.allow, name):
                found.setdefault(PREFIX + _NOT_IN_NAMES.sub("_", name), labels[name])
        return found


NO_RULES = LabelRules()
"""All labels are kept, none is shown."""


def _any(patterns: Iterable[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
