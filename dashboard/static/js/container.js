// One container's page: who it is, what it uses now, and over the time shown.

import { match } from "./api.js";
import { containerPanels } from "./container-panels.js";
import { explainNow } from "./container-columns.js";
import { byId, el, name } from "./dom.js";
import { bytes, bytesPerSecond, cores, duration, percent, plain, time } from "./format.js";
import { follow } from "./live.js";
import { age, basesOf, isStale, labelsOf, nodeOf, reason, refreshNow, rowOf, seen } from "./now.js";
import { Panel } from "./panel.js";
import { Tile } from "./tiles.js";
import { toolbar } from "./toolbar.js";

const labels = labelsOf(document.body.dataset);
const row = () => rowOf(labels);

const ID_SHOWN = 12;

function identity(current) {
  const node = nodeOf(labels);
  const facts = [
    ["Image", current?.image],
    ["Id", current?.id?.slice(0, ID_SHOWN), current?.id],
    ["Runtime", current?.runtime],
    ["Started", current?.start_time_seconds && `${time(current.start_time_seconds)} (${duration(age(current.start_time_seconds))} ago)`],
    ["Node", node?.cpu_count ? `${labels.node} (${plain(node.cpu_count)} cores)` : labels.node],
    ["Project", labels.namespace],
    ["Pod", labels.pod],
  ];
  byId("identity").replaceChildren(
    ...facts
      .filter(([, value]) => value)
      .map(([term, value, title]) => el("div", {}, el("dt", {}, term), el("dd", { title: title ?? value }, name(value)))),
  );
  const state = byId("state");
  state.hidden = false;
  const silent = current && isStale(current);
  state.textContent = silent ? `no sample for ${duration(age(seen(current)))}` : current ? "running" : "not running now";
  state.classList.toggle("gone", !current || silent);
}

function buildTiles() {
  const parent = byId("tiles");
  return {
    cpu: new Tile(parent, "CPU now", () => row() && explainNow(row())),
    memory: new Tile(parent, "Memory now", null),
    network: new Tile(parent, "Network now", null),
    disk: new Tile(parent, "Block I/O now", null),
  };
}

function showTiles(tiles, current) {
  byId("tiles").hidden = !current;
  if (!current) return;
  const shares = [
    current.cpu_of_limit === null ? "no limit" : `${percent(current.cpu_of_limit)} of limit (${plain(current.cpu_limit_cores)})`,
    current.cpu_of_node === null ? null : `${percent(current.cpu_of_node)} of node`,
  ];
  tiles.cpu.show({
    value: cores(current.cpu_cores),
    sub: current.cpu_cores === null ? "a rate needs two sweeps" : shares.filter(Boolean).join(" · "),
    ratio: current.cpu_of_limit ?? current.cpu_of_node,
  });
  tiles.memory.show({
    value: bytes(current.memory_working_set_bytes),
    sub: current.memory_of_limit === null ? "no limit" : `${percent(current.memory_of_limit)} of limit (${bytes(current.memory_limit_bytes)})`,
    ratio: current.memory_of_limit,
  });
  tiles.network.show({
    value: bytesPerSecond(current.network_receive_bytes_per_second),
    sub:
      current.network_receive_bytes_per_second === null
        ? "has no network of its own"
        : `received · ${bytesPerSecond(current.network_transmit_bytes_per_second)} sent`,
  });
  const { fs_reads_bytes_per_second: read, fs_writes_bytes_per_second: written } = current;
  tiles.disk.show({
    value: bytesPerSecond(written),
    sub: written === null ? "has used no disk" : `written · ${bytesPerSecond(read)} read`,
  });
}

function start() {
  toolbar();
  const tiles = buildTiles();
  const parent = byId("panels");
  const bases = () => {
    const current = row();
    return basesOf(current ?? { ...labels, cpu_limit_cores: null });
  };
  const panels = containerPanels({ labels, match: match(labels), bases }).map(
    (panel) => new Panel(parent, { ...panel, empty: (window) => reason(window, panel.nothing) }),
  );
  follow(async (window, options) => {
    const asked = refreshNow(options);
    for (const panel of panels) panel.update(window, options);
    if (!(await asked)) return;
    identity(row());
    showTiles(tiles, row());
    for (const panel of panels) panel.refresh();
  });
}

start();
