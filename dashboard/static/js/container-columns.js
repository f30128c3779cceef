// The columns of the table of containers, and the arithmetic of its CPU figures.

import { CPU, match } from "./api.js";
import * as cells from "./cells.js";
import { el, setText } from "./dom.js";
import { explain } from "./explain.js";
import { bytes, bytesPerSecond, cores, duration, percent, plain, time } from "./format.js";
import { age, basesOf, isStale, labelsOf, newestPair, nodeOf, seen } from "./now.js";
import { state } from "./state.js";

/** Open the arithmetic of a container's newest CPU figure. */
export function explainNow(row) {
  explain({
    title: row.container,
    what: "CPU usage now",
    request: { metric: CPU, match: match(labelsOf(row)), ...newestPair(row) },
    pair: true,
    bases: basesOf(row),
  });
}

function href(row) {
  const query = new URLSearchParams(Object.entries(labelsOf(row)).filter(([, value]) => value));
  return state.keepRange(`/container?${query}`);
}

const ofLimit = (ratio, limit, text) =>
  limit === null ? "no limit" : ratio === null ? "–" : `${percent(ratio)} of limit (${text(limit)})`;

/** As `List` takes them. */
export const COLUMNS = [
  {
    key: "name",
    title: "Container",
    class: "who",
    value: (row) => row.container,
    render(cell, row) {
      if (!cell.firstElementChild) {
        const node = el("bdi", { class: "where-node" });
        cell.append(el("a", { class: "row-link" }, el("bdi")), el("span", { class: "where" }, el("bdi"), node));
      }
      const [link, where] = cell.children;
      setText(where.lastElementChild, row.node);
      setText(link.firstElementChild, row.container);
      link.setAttribute("href", href(row));
      link.title = row.image ? `${row.container}\n${row.image}` : row.container;
      const place = [row.namespace, row.pod].filter(Boolean).join(" / ") || "no project";
      setText(where.firstElementChild, isStale(row) ? `${place} · no sample for ${duration(age(seen(row)))}` : place);
    },
  },
  {
    key: "node",
    title: "Node",
    class: "minor node",
    value: (row) => row.node,
    render: (cell, row) => cells.text(cell, row.node, row.node),
  },
  {
    key: "cpu",
    group: "CPU",
    title: "usage",
    label: "CPU",
    class: "number early",
    first: "desc",
    value: (row) => row.cpu_cores,
    render(cell, row) {
      const shown = cores(row.cpu_cores);
      cells.figure(cell, shown, `${shown}: how is this computed?`, () => explainNow(cell.parentNode.row));
    },
  },
  {
    key: "cpu-limit",
    group: "CPU",
    title: "of limit",
    label: "CPU of limit",
    class: "number share early",
    first: "desc",
    value: (row) => row.cpu_of_limit,
    render: (cell, row) =>
      cells.share(cell, row.cpu_of_limit, ofLimit(row.cpu_of_limit, row.cpu_limit_cores, plain), {
        open: () => explainNow(cell.parentNode.row),
      }),
  },
  {
    key: "cpu-node",
    group: "CPU",
    title: "of node",
    label: "CPU of node",
    class: "number early",
    first: "desc",
    value: (row) => row.cpu_of_node,
    render(cell, row) {
      const shown = row.cpu_of_node === null ? "–" : `${percent(row.cpu_of_node)} of node`;
      const count = nodeOf(row)?.cpu_count;
      cell.title = count ? `The node has ${plain(count)} cores` : "";
      cells.figure(cell, shown, `${shown}: how is this computed?`, () => explainNow(cell.parentNode.row), {
        quiet: true,
      });
    },
  },
  {
    key: "memory",
    group: "Memory",
    title: "working set",
    label: "Memory",
    class: "number",
    first: "desc",
    value: (row) => row.memory_working_set_bytes,
    render: (cell, row) => cells.text(cell, bytes(row.memory_working_set_bytes)),
  },
  {
    key: "memory-limit",
    group: "Memory",
    title: "of limit",
    label: "Memory of limit",
    class: "number share",
    first: "desc",
    value: (row) => row.memory_of_limit,
    render: (cell, row) =>
      cells.share(cell, row.memory_of_limit, ofLimit(row.memory_of_limit, row.memory_limit_bytes, bytes)),
  },
  {
    key: "received",
    group: "Network",
    title: "received",
    label: "Received",
    class: "number",
    first: "desc",
    value: (row) => row.network_receive_bytes_per_second,
    render: (cell, row) => cells.text(cell, bytesPerSecond(row.network_receive_bytes_per_second)),
  },
  {
    key: "sent",
    group: "Network",
    title: "sent",
    label: "Sent",
    class: "number",
    first: "desc",
    value: (row) => row.network_transmit_bytes_per_second,
    render: (cell, row) => cells.text(cell, bytesPerSecond(row.network_transmit_bytes_per_second)),
  },
  {
    key: "age",
    title: "Running for",
    class: "number minor age",
    first: "desc",
    value: (row) => (row.start_time_seconds === null ? null : -row.start_time_seconds),
    render(cell, row) {
      const start = row.start_time_seconds;
      cells.text(cell, start === null ? "–" : duration(age(start)), start === null ? "" : `Since ${time(start)}`);
    },
  },
];
