// A table of many rows: sorted by any column, filtered, refreshed in place, cards on a phone.

import { el } from "./dom.js";

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function compare(a, b) {
  const unknown = (value) => value === null || value === undefined || value === "";
  if (unknown(a) || unknown(b)) return unknown(a) - unknown(b); // Unknown last, either way round.
  return typeof a === "string" ? collator.compare(a, b) : a - b;
}

/** `rows` by `column`; equal ones by `identity`, so that their order never jumps. */
export function sorted(rows, column, descending, identity) {
  const sign = descending ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: column.value(row), id: identity(row) }));
  keyed.sort((a, b) => {
    const bothKnown = (a.key ?? "") !== "" && (b.key ?? "") !== "";
    return (bothKnown ? sign : 1) * compare(a.key, b.key) || collator.compare(a.id, b.id);
  });
  return keyed.map(({ row }) => row);
}

/**
 * `columns`: [{key, title, group, label, value(row), render(cell, row), first, class}]; `label` is the
 * title on a card, where no group stands above it; `first` "desc" sorts the largest first.
 * `sort` is {column, descending}; `isStale(row)` greys a row; `onSort(column, descending)` is told what
 * a person chose.
 */
export class List {
  constructor(table, { columns, identity, isStale, onSort }) {
    Object.assign(this, { table, columns, identity, isStale, onSort });
    this.rows = new Map();
    this.body = el("tbody");
    this.heads = new Map();
    table.append(this.head(), this.body);
  }

  head() {
    const cells = this.columns.map((column) => {
      const button = el("button", { type: "button", onclick: () => this.clicked(column) }, column.title);
      const head = el("th", { scope: "col", class: column.class }, button);
      this.heads.set(column.key, head);
      return head;
    });
    return el("thead", {}, this.groups(), el("tr", {}, ...cells));
  }

  groups() {
    const spans = [];
    for (const column of this.columns) {
      if (column.group && spans.at(-1)?.group === column.group) spans.at(-1).count += 1;
      else spans.push({ ...column, count: 1 });
    }
    return el(
      "tr",
      { class: "groups" },
      ...spans.map((span) =>
        span.group
          ? el("th", { scope: "colgroup", colspan: span.count }, span.group)
          : el("td", { class: span.class }),
      ),
    );
  }

  clicked(column) {
    const { sort } = this;
    const again = sort.column === column.key;
    this.onSort(column.key, again ? !sort.descending : column.first === "desc");
  }

  /** Show `rows` in order of `sort`. `settled` keeps the order of those that a pointer is on. */
  show(rows, sort, { settled = false } = {}) {
    this.sort = sort;
    const column = this.columns.find((each) => each.key === sort.column) ?? this.columns[0];
    for (const [key, head] of this.heads) {
      const chosen = key === column.key;
      head.setAttribute("aria-sort", chosen ? (sort.descending ? "descending" : "ascending") : "none");
    }
    const ordered = sorted(rows, column, sort.descending, this.identity);
    const lines = ordered.map((row) => this.line(row));
    const inUse = settled && this.body.matches(":hover, :focus-within");
    if (!inUse || lines.length !== this.body.children.length) this.place(lines);
    for (const id of [...this.rows.keys()]) if (!this.rows.get(id).isConnected) this.rows.delete(id);
  }

  line(row) {
    const id = this.identity(row);
    let line = this.rows.get(id);
    if (!line) {
      const cells = this.columns.map((column) =>
        el("td", { class: column.class, dataset: { label: column.label ?? column.title } }),
      );
      line = el("tr", {}, ...cells);
      this.rows.set(id, line);
    }
    line.row = row;
    line.classList.toggle("stale", this.isStale(row));
    this.columns.forEach((column, i) => column.render(line.cells[i], row));
    return line;
  }

  place(lines) {
    const now = this.body.children;
    if (lines.length === now.length && lines.every((line, i) => line === now[i])) return;
    const focus = document.activeElement;
    this.body.replaceChildren(...lines);
    if (focus !== document.activeElement && this.body.contains(focus)) focus.focus();
  }
}
