// The overview's table of nodes, and the arithmetic of a node's figures.

import { NODE_CPU, match } from "./api.js";
import * as cells from "./cells.js";
import { byId } from "./dom.js";
import { explain } from "./explain.js";
import { bytes, cores, duration, percent, plain, time } from "./format.js";
import { List } from "./list.js";
import { age, isStale, newestPair, nodeOf, now, seen } from "./now.js";

/** What a percentage of a node's CPU is a share of. */
export const nodeBases = (node) => (node?.cpu_count ? [{ name: "node", cores: node.cpu_count }] : []);

/** Open the arithmetic of a node's CPU, `at` {time, step} or now. */
export function explainNode(row, at) {
  const { cluster = "", node } = row;
  const request = { metric: NODE_CPU, match: match({ cluster, node }), ...(at ?? newestPair(row)) };
  const what = at ? "node CPU usage" : "node CPU usage now";
  explain({ title: node, what, request, bases: nodeBases(nodeOf(row)), pair: !at });
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

export class Nodes {
  constructor() {
    this.sort = { column: "cpu", descending: true };
    this.list = new List(byId("nodes-table"), {
      columns: NODE_COLUMNS,
      identity: (node) => `${node.cluster ?? ""}/${node.node}`,
      isStale,
      onSort: (column, descending) => {
        this.sort = { column, descending };
        this.show();
      },
    });
  }

  /** One node needs no table: the tiles are about it. */
  show(options = {}) {
    byId("nodes").hidden = now.nodes.length < 2;
    if (now.nodes.length > 1) this.list.show(now.nodes, this.sort, options);
  }
}
