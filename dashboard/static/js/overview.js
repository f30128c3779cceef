// The overview: nodes and containers now, and over the time shown.

import { CPU, NODE_CPU, match } from "./api.js";
import * as cells from "./cells.js";
import { Containers } from "./containers.js";
import { byId } from "./dom.js";
import { explain } from "./explain.js";
import { bytes, cores, duration, percent, plain, time } from "./format.js";
import { List } from "./list.js";
import { follow } from "./live.js";
import { age, basesOf, labelsOf, newestPair, nodeOf, now, reason, refreshNow, rowOf, seen } from "./now.js";
import { Panel } from "./panel.js";
import { CONTAINER, NODE, ask, containerName, traces } from "./series.js";
import { state } from "./state.js";
import { Tile } from "./tiles.js";
import { toolbar } from "./toolbar.js";

const TOP = 20;
const STALE_SWEEPS = 3;

const over = (values, base) => values.map((value) => (value === null || !base ? null : value / base));

const nodeBases = (node) => (node?.cpu_count ? [{ name: "node", cores: node.cpu_count }] : []);

function explainNode(row, at) {
  const { cluster = "", node } = row;
  const request = { metric: NODE_CPU, match: match({ cluster, node }), ...(at ?? newestPair(row)) };
  const what = at ? "node CPU usage" : "node CPU usage now";
  explain({ title: node, what, request, bases: nodeBases(nodeOf(row)), pair: !at });
}

const nothing = { why: "No samples in this time.", remedy: "Choose a longer range, or wait for the next sweep." };

function top(loaded) {
  const all = now.containers.length;
  return loaded.length >= TOP && all > TOP ? `the ${TOP} highest by mean of ${all}` : null;
}

const PANELS = [
  {
    id: "node-cpu",
    title: "Node CPU",
    views: [
      { key: "cores", label: "cores", unit: "cores" },
      {
        key: "percent",
        label: "% of node",
        unit: "ratio",
        base: "of node",
        says: "% of the node's cores",
        convert: ({ labels, values }) => over(values, nodeOf(labels)?.cpu_count),
      },
    ],
    load: (window, signal) => load(window, signal, NODE_CPU, "rate", NODE),
    explain: (trace, i, { step }) => explainNode(trace.labels, { time: trace.times[i], step }),
  },
  {
    id: "node-memory",
    title: "Node memory",
    views: [
      { key: "bytes", label: "bytes", unit: "bytes", says: "working set" },
      {
        key: "percent",
        label: "% of node",
        unit: "ratio",
        base: "of node",
        says: "working set, % of the node's memory",
        convert: ({ labels, values }) => over(values, nodeOf(labels)?.memory_bytes),
      },
    ],
    load: (window, signal) => load(window, signal, "node_memory_working_set_bytes", "mean", NODE),
  },
  {
    id: "container-cpu",
    title: "Containers by CPU",
    views: [
      { key: "cores", label: "cores", unit: "cores" },
      {
        key: "limit",
        label: "% of limit",
        unit: "ratio",
        base: "of limit",
        says: "% of each container's limit",
        convert: ({ labels, values }) => over(values, rowOf(labels)?.cpu_limit_cores),
        note: (all, shown) =>
          all.length > shown.length ? `not shown: ${all.length - shown.length} without a limit` : null,
      },
      {
        key: "node",
        label: "% of node",
        unit: "ratio",
        base: "of node",
        says: "% of the node's cores",
        convert: ({ labels, values }) => over(values, nodeOf(labels)?.cpu_count),
      },
    ],
    load: (window, signal) => load(window, signal, CPU, "rate", CONTAINER),
    explain(trace, i, { step }) {
      const row = rowOf(trace.labels);
      explain({
        title: trace.name,
        what: "CPU usage",
        request: { metric: CPU, match: match(labelsOf(trace.labels)), time: trace.times[i], step },
        bases: row ? basesOf(row) : nodeBases(nodeOf(trace.labels)),
      });
    },
  },
  {
    id: "container-memory",
    title: "Containers by memory",
    views: [
      { key: "bytes", label: "bytes", unit: "bytes", says: "working set" },
      {
        key: "limit",
        label: "% of limit",
        unit: "ratio",
        base: "of limit",
        says: "working set, % of each container's limit",
        convert: ({ labels, values }) => over(values, rowOf(labels)?.memory_limit_bytes),
        note: (all, shown) =>
          all.length > shown.length ? `not shown: ${all.length - shown.length} without a limit` : null,
      },
    ],
    load: (window, signal) => load(window, signal, "container_memory_working_set_bytes", "mean", CONTAINER),
  },
];

async function load(window, signal, metric, fn, by) {
  const answer = await ask(window, signal, { metric, fn, by, top: TOP });
  const named = by === NODE ? (labels) => labels.node ?? "?" : containerName;
  const loaded = traces(answer, named);
  return { traces: loaded, step: answer.step, note: by === NODE ? null : top(loaded) };
}

const NODE_COLUMNS = [
  { key: "node", title: "Node", class: "who", value: (n) => n.node, render: (cell, n) => cells.text(cell, n.node, n.node) },
  {
    key: "cpu",
    group: "CPU",
    title: "usage",
    label: "CPU",
    class: "number",
    first: "desc",
    value: (n) => n.cpu_cores,
    render: (cell, n) => cells.figure(cell, cores(n.cpu_cores), `${cores(n.cpu_cores)}: how is this computed?`, () => explainNode(n)),
  },
  {
    key: "cpu-node",
    group: "CPU",
    title: "of node",
    label: "CPU of node",
    class: "number share",
    first: "desc",
    value: (n) => n.cpu_of_node,
    render: (cell, n) => cells.share(cell, n.cpu_of_node, ofNode(n.cpu_of_node, n.cpu_count && plain(n.cpu_count)), { open: () => explainNode(n) }),
  },
  {
    key: "memory",
    group: "Memory",
    title: "working set",
    label: "Memory",
    class: "number",
    first: "desc",
    value: (n) => n.memory_working_set_bytes,
    render: (cell, n) => cells.text(cell, bytes(n.memory_working_set_bytes)),
  },
  {
    key: "memory-node",
    group: "Memory",
    title: "of node",
    label: "Memory of node",
    class: "number share",
    first: "desc",
    value: (n) => n.memory_of_node,
    render: (cell, n) => cells.share(cell, n.memory_of_node, ofNode(n.memory_of_node, n.memory_bytes && bytes(n.memory_bytes))),
  },
  { key: "containers", title: "Containers", class: "number", first: "desc", value: (n) => n.containers, render: (cell, n) => cells.text(cell, String(n.containers)) },
  {
    key: "newest",
    title: "Newest sample",
    class: "number",
    first: "desc",
    value: (n) => n.last_seen_seconds,
    render: (cell, n) => cells.text(cell, `${duration(age(seen(n)))} ago`, time(seen(n))),
  },
];

function ofNode(ratio, base) {
  if (ratio === null) return "–";
  return `${percent(ratio)} of node${base ? ` (${base})` : ""}`;
}

/** The sum where every part is known; null otherwise. */
const sum = (values) => (values.length && values.every((v) => v !== null) ? values.reduce((a, b) => a + b, 0) : null);

function buildTiles() {
  const parent = byId("tiles");
  const single = () => now.nodes.length === 1 && explainNode(now.nodes[0]);
  const onCpu = () => single() || byId("nodes").scrollIntoView({ block: "center" });
  return {
    cpu: new Tile(parent, "CPU", onCpu),
    memory: new Tile(parent, "Memory", null),
    containers: new Tile(parent, "Containers", null),
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
  const stale = seconds > STALE_SWEEPS * Number(document.body.dataset.refresh);
  const who = now.nodes.length === 1 ? `from ${oldest.node}` : `${oldest.node} is the furthest behind`;
  tiles.newest.show({
    value: `${duration(seconds)} ago`,
    sub: stale ? `${oldest.node} sends nothing: is its collector running?` : who,
    alarm: stale,
  });
}

function showNodes(list, options) {
  byId("nodes").hidden = now.nodes.length < 2;
  if (now.nodes.length > 1) list.show(now.nodes, nodeSort, options);
}

let nodeSort = { column: "cpu", descending: true };

function start() {
  toolbar();
  const tiles = buildTiles();
  const parent = byId("panels");
  const panels = PANELS.map(
    (panel) => new Panel(parent, { ...panel, empty: (window) => reason(window, nothing) }),
  );
  const containers = new Containers();
  const nodes = new List(byId("nodes-table"), {
    columns: NODE_COLUMNS,
    identity: (node) => `${node.cluster ?? ""}/${node.node}`,
    onSort(column, descending) {
      nodeSort = { column, descending };
      showNodes(nodes, {});
    },
  });
  follow(async (window, options) => {
    const asked = refreshNow(options);
    for (const panel of panels) panel.update(window, options);
    if (!(await asked)) return;
    showTiles(tiles);
    showNodes(nodes, { settled: options.tick });
    containers.show({ settled: options.tick });
    for (const panel of panels) panel.refresh();
  });
  setInterval(() => now.known && state.live && showAge(tiles), 1000);
}

start();
