"""The architecture, enforced: every import points downwards, nothing happens at import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

# What a package may import beside itself.
PACKAGES = {
    "weir": {"collector", "dashboard", "monitor"},
    "collector": {"monitor"},
    "dashboard": {"monitor"},
    "monitor": set(),
}

# The layers inside monitor, from the ground up. A part imports its own and lower layers; two parts
# of one layer never meet.
GROUND = {
    "catalogue",
    "durable",
    "errors",
    "escaping",
    "findings",
    "gzipped",
    "lineprotocol",
    "rates",
    "record",
    "settings",
}
LAYERS = (GROUND, {"edgelog", "stores", "web"}, {"stream"}, {"aggregator", "query"})


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_downwards(package: str) -> None:
    forbidden = PACKAGES.keys() - PACKAGES[package] - {package}
    wrong = [
        f"{path}: imports {target}"
        for path, target in _imports(package)
        if target.split(".")[0] in forbidden
    ]
    assert not wrong


def test_the_layers_inside_monitor_point_downwards() -> None:
    level = {part: number for number, layer in enumerate(LAYERS) for part in layer}
    wrong = []
    for path, target in _imports("monitor"):
        own = path.relative_to("monitor").parts[0].removesuffix(".py")
        other = target.split(".")[1] if target.startswith("monitor.") else own
        allowed = level[other] < level[own] or own == other or level[own] == level[other] == 0
        if not allowed:
            wrong.append(f"{path}: imports {target}")
    assert not wrong


def test_every_part_of_monitor_has_a_layer() -> None:
    parts = {path.name.removesuffix(".py") for path in _children(PROJECT / "monitor")}
    assert parts - {"__init__"} <= set().union(*LAYERS)


def test_the_product_never_imports_tests_or_benchmarks() -> None:
    for package in PACKAGES:
        for path, target in _imports(package):
            assert target.split(".")[0] not in ("tests", "benchmarks"), path


@pytest.mark.parametrize("part", ["collector.agent", "monitor.aggregator.service"])
def test_a_node_agent_and_the_pipe_load_no_dashboard_library(part: str) -> None:
    heavy = "flask plotly influxdb_client numpy rich" + (" docker" * (part != "collector.agent"))
    program = f"import sys, {part}; print(*sys.modules.keys() & set('{heavy}'.split()))"
    shown = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert not shown.stdout.strip()


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_reads_the_environment_or_configures_logging_at_import(package: str) -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path in _sources(package)
        for node in _at_import(ast.parse((PROJECT / path).read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "basicConfig")
    ]
    assert not wrong


def _sources(package: str) -> Iterator[Path]:
    for path in sorted((PROJECT / package).rglob("*.py")):
        yield path.relative_to(PROJECT)


def _children(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix == ".py" or any(path.glob("*.py")):
            yield path


def _imports(package: str) -> Iterator[tuple[Path, str]]:
    """Each import of a package's sources, wherever in the file it stands."""
    for path in _sources(package):
        for node in ast.walk(ast.parse((PROJECT / path).read_text(), str(path))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: a relative import"
                module = node.module or ""
                yield from ((path, f"{module}.{alias.name}") for alias in node.names)


def _at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: not the bodies of functions."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [
            child
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        ]
