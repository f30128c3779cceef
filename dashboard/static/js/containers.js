// The overview's table of containers: its filter, its sort, all in the address.

import { COLUMNS } from "./container-columns.js";
import { byId, el, prose, setText } from "./dom.js";
import { List } from "./list.js";
import { isStale, labelsOf, now } from "./now.js";
import { state } from "./state.js";

const identity = (row) => Object.values(labelsOf(row)).join("\u0000");

export class Containers {
  constructor() {
    this.filter = byId("filter");
    this.sortBy = byId("sort-by");
    this.nothing = byId("containers-nothing");
    this.list = new List(byId("containers"), {
      columns: COLUMNS,
      identity,
      isStale,
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
