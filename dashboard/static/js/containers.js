// The overview's table of containers: its columns, its filter, its sort, all in the address.

import { CPU, match } from "./api.js";
import * as cells from "./cells.js";
import { byId, el, prose, setText } from "./dom.js";
import { explain } from "./explain.js";
import { bytes, bytesPerSecond, cores, duration, percent, plain, time } from "./format.js";
import { List } from "./list.js";
import { age, basesOf, labelsOf, newestPair, nodeOf, now } from "./now.js";
import { state } from "./state.js";

const identity = (row) => Object.values(labelsOf(row)).join("\u0000");

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

const COLUMNS = [
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
      setText(where.firstElementChild, [row.namespace, row.pod].filter(Boolean).join(" / ") || "no project");
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

export class Containers {
  constructor() {
    this.filter = byId("filter");
    this.sortBy = byId("sort-by");
    this.nothing = byId("containers-nothing");
    this.list = new List(byId("containers"), {
      columns: COLUMNS,
      identity,
      onSort: (column, descending) => this.sort(column, descending),
    });
    this.buildSortBy();
    this.keys();
    state.addEventListener("list", () => this.show());
    this.filter.value = state.filter;
  }

  sort(column, descending) {
    state.setList({ sort: `${descending ? "-" : ""}${column}` });
  }

  // On a phone the table's head is gone, so a list of choices takes its place.
  buildSortBy() {
    for (const column of COLUMNS) {
      const value = `${column.first === "desc" ? "-" : ""}${column.key}`;
      this.sortBy.append(el("option", { value }, column.label ?? column.title));
    }
    this.sortBy.addEventListener("change", () => state.setList({ sort: this.sortBy.value }));
  }

  keys() {
    this.filter.addEventListener("input", () => state.setList({ filter: this.filter.value }));
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, textarea, select, dialog");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        this.filter.focus();
      }
      if (event.key === "Escape" && event.target === this.filter) {
        state.setList({ filter: null });
        this.filter.blur();
      }
    });
  }

  show({ settled = false } = {}) {
    if (!now.known) return;
    const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = now.containers.filter((row) => matches(row, words));
    if (document.activeElement !== this.filter || this.filter.value.trim() !== state.filter.trim()) {
      this.filter.value = state.filter;
    }
    this.sortBy.value = state.params.get("sort") ?? "-cpu";
    this.list.table.classList.toggle("one-node", now.nodes.length < 2);
    this.list.show(rows, state.sort, { settled });
    const all = now.containers.length;
    setText(byId("count"), rows.length === all ? String(all) : `${rows.length} of ${all}`);
    this.showNothing(rows.length, all);
  }

  showNothing(shown, all) {
    this.list.table.hidden = shown === 0;
    this.nothing.hidden = shown > 0;
    if (shown) return;
    const [why, remedy] = all
      ? [`No container matches “${state.filter}”.`, "Esc in the filter box shows all of them."]
      : now.nodes.length
        ? ["No containers run here.", "Start one, for example `docker run -d --rm --cpus 0.5 busybox sleep 600`"]
        : ["No node has sent anything yet.", "Start a collector (`weir collector`, or `weir up`) and name it to the aggregator."];
    this.nothing.replaceChildren(el("p", { class: "why" }, why), prose(remedy));
  }
}

function matches(row, words) {
  if (!words.length) return true;
  const text = [row.container, row.namespace, row.pod, row.node, row.image, row.runtime]
    .filter(Boolean)
    .join(" ")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
