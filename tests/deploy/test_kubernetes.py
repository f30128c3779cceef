"""deploy/kubernetes.yaml: what it says holds together, and Weir takes every option in it.

kubectl 1.32 decodes it into its own types without losing a field, which needs no cluster:
`kubectl set env --local -f deploy/kubernetes.yaml X=Y -o json`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.web.config import ListenConfig
from weir.health import PARTS
from weir.options import load

FILE = Path(__file__).parents[2] / "deploy" / "kubernetes.yaml"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all(FILE.read_text()))
WORKLOADS = {o["metadata"]["name"]: o for o in OBJECTS if o["kind"] in ("DaemonSet", "Deployment")}
ENVIRONMENT = {"POD_IP": "10.0.0.7", "WEIR_NODE": "n1"}


def pod(name: str) -> dict[str, Any]:
    return dict(WORKLOADS[name]["spec"]["template"]["spec"])


def container(name: str) -> dict[str, Any]:
    [only] = pod(name)["containers"]
    return dict(only)


def options(name: str, secrets: Path) -> Any:
    """The configuration that the part makes of its arguments; ends the test where it refuses them.

    `$(POD_IP)` is put in as the kubelet does; `secrets` is mounted.
    """
    part, *given = container(name)["args"]
    module, _, config = PARTS[part].partition(":")
    text = [
        word.replace("/secrets", str(secrets)).replace("$(POD_IP)", ENVIRONMENT["POD_IP"])
        for word in given
    ]
    return load(getattr(import_module(module), config), part, text, ENVIRONMENT)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    for name in ("nodes", "influxdb"):
        (tmp_path / name).write_text("weir:0123456789abcdef\n")
    return tmp_path


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_part_takes_its_options(name: str, secrets: Path) -> None:
    assert isinstance(options(name, secrets), ListenConfig)


def test_the_aggregator_finds_the_collectors_and_has_their_token(secrets: Path) -> None:
    [service] = [o for o in OBJECTS if o["kind"] == "Service"]
    about, spec = service["metadata"], service["spec"]
    collector, aggregator = options("collector", secrets), options("aggregator", secrets)
    port = spec["ports"][0]["port"]
    assert spec["clusterIP"] == "None"
    assert aggregator.nodes_dns == f"{about['name']}.{about['namespace']}.svc:{port}"
    assert collector.listen == f"{ENVIRONMENT['POD_IP']}:{port}"
    assert collector.node_name == ENVIRONMENT["WEIR_NODE"]
    assert collector.token() == aggregator.node_token()
    labels = WORKLOADS["collector"]["spec"]["template"]["metadata"]["labels"]
    assert spec["selector"] == labels == WORKLOADS["collector"]["spec"]["selector"]["matchLabels"]


def test_aggregator_and_dashboard_name_the_same_store(secrets: Path) -> None:
    found = [options(name, secrets) for name in ("aggregator", "dashboard")]
    assert len({(config.store, config.influx_token()) for config in found}) == 1


def test_only_the_aggregator_may_ask_a_collector() -> None:
    [policy] = [o["spec"] for o in OBJECTS if o["kind"] == "NetworkPolicy"]
    labels = {n: w["spec"]["template"]["metadata"]["labels"] for n, w in WORKLOADS.items()}
    assert policy["podSelector"]["matchLabels"] == labels["collector"]
    [[caller]] = [rule["from"] for rule in policy["ingress"]]
    assert caller["podSelector"]["matchLabels"] == labels["aggregator"]


@pytest.mark.parametrize("name", WORKLOADS)
def test_what_is_mounted_is_there_and_read_only_but_for_data(name: str) -> None:
    mounts = container(name)["volumeMounts"]
    assert {mount["name"] for mount in mounts} == {v["name"] for v in pod(name)["volumes"]}
    writable = {m["mountPath"] for m in mounts if not m.get("readOnly")}
    assert writable == ({"/data"} if name != "dashboard" else set())
    assert not any(path.endswith(".sock") for v in pod(name)["volumes"]
                   for path in [v.get("hostPath", {}).get("path", "")])  # fmt: skip


@pytest.mark.parametrize("name", WORKLOADS)
def test_no_part_has_a_capability_or_an_account(name: str) -> None:
    context = {**pod(name).get("securityContext", {}), **container(name)["securityContext"]}
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod(name)["automountServiceAccountToken"] is False
    if name != "collector":
        assert context["runAsNonRoot"] is True
        assert not pod(name).get("hostPID")


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_health_check_is_the_images(name: str) -> None:
    assert container(name)["livenessProbe"]["exec"]["command"] == ["weir", "health"]
    assert container(name)["image"] == "weir"
