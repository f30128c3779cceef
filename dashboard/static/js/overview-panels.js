// The overview's charts.

import { CPU, NODE_CPU, match } from "./api.js";
import { explain } from "./explain.js";
import { basesOf, labelsOf, nodeOf, now, rowOf } from "./now.js";
import { explainNode, nodeBases } from "./nodes.js";
import { CONTAINER, NODE, ask, containerName, over, traces } from "./series.js";

const TOP = 20;

function top(loaded) {
  const all = now.containers.length;
  return loaded.length >= TOP && all > TOP ? `the ${TOP} highest by mean of ${all}` : null;
}

/** Panel definitions. */
export const PANELS = [
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
