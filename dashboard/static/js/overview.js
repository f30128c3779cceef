// The overview: nodes and containers now, and over the time shown.

import { Containers } from "./containers.js";
import { byId } from "./dom.js";
import { bytes, cores, duration, percent, plain } from "./format.js";
import { follow } from "./live.js";
import { age, isStale, now, reason, refreshNow, seen } from "./now.js";
import { Nodes, explainNode } from "./nodes.js";
import { PANELS } from "./overview-panels.js";
import { Panel } from "./panel.js";
import { state } from "./state.js";
import { Tile } from "./tiles.js";
import { toolbar } from "./toolbar.js";

const nothing = { why: "No samples in this time.", remedy: "Choose a longer range, or wait for the next sweep." };

/** The sum where every part is known; null otherwise. */
const sum = (values) => (values.length && values.every((v) => v !== null) ? values.reduce((a, b) => a + b, 0) : null);

function buildTiles() {
  const parent = byId("tiles");
  const single = () => now.nodes.length === 1 && explainNode(now.nodes[0]);
  const onCpu = () => single() || byId("nodes").scrollIntoView({ block: "center" });
  return {
    cpu: new Tile(parent, "CPU now", onCpu),
    memory: new Tile(parent, "Memory now", null),
    containers: new Tile(parent, "Containers now", null),
    newest: new Tile(parent, "Newest sample", null),
  };
}

function showTiles(tiles) {
  const { nodes, containers } = now;
  const of = nodes.length === 1 ? "node" : `${nodes.length} nodes`;
  const used = sum(nodes.map((n) => n.cpu_cores));
  const count = sum(nodes.map((n) => n.cpu_count));
  const memory = sum(nodes.map((n) => n.memory_working_set_bytes));
  const size = sum(nodes.map((n) => n.memory_bytes));
  const part = (value, base) => (value === null || !base ? null : value / base);
  const share = (value, base, text) =>
    part(value, base) === null ? "" : `${percent(part(value, base))} of ${of} (${text})`;
  tiles.cpu.show({ value: cores(used), sub: used === null ? (nodes.length ? "a rate needs two sweeps" : "") : share(used, count, `${plain(count ?? 0)} cores`), ratio: part(used, count) });
  tiles.memory.show({ value: bytes(memory), sub: share(memory, size, bytes(size)), ratio: part(memory, size) });
  const limited = containers.filter((row) => row.cpu_limit_cores !== null).length;
  tiles.containers.show({
    value: String(containers.length),
    sub: containers.length ? `${limited} with a CPU limit` : nodes.length ? `none on ${nodes.length === 1 ? nodes[0].node : of}` : "no node yet",
  });
  showAge(tiles);
}

function showAge(tiles) {
  if (!now.nodes.length) {
    tiles.newest.show({ value: "–", sub: "waiting for a collector" });
    return;
  }
  const oldest = now.nodes.reduce((a, b) => (a.last_seen_seconds > b.last_seen_seconds ? a : b));
  const seconds = age(seen(oldest));
  const stale = isStale(oldest);
  const who = now.nodes.length === 1 ? `from ${oldest.node}` : `${oldest.node} is the furthest behind`;
  tiles.newest.show({
    value: `${duration(seconds)} ago`,
    sub: stale ? `${oldest.node} sends nothing: is its collector running?` : who,
    alarm: stale,
  });
}

function start() {
  toolbar();
  const tiles = buildTiles();
  const parent = byId("panels");
  const panels = PANELS.map(
    (panel) => new Panel(parent, { ...panel, empty: (window) => reason(window, nothing) }),
  );
  const containers = new Containers();
  const nodes = new Nodes();
  follow(async (window, options) => {
    const asked = refreshNow(options);
    for (const panel of panels) panel.update(window, options);
    if (!(await asked)) return;
    showTiles(tiles);
    nodes.show({ settled: options.tick });
    containers.show({ settled: options.tick });
    for (const panel of panels) panel.refresh();
  });
  setInterval(() => now.known && state.live && showAge(tiles), 1000);
}

start();
