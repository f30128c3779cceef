// What a panel is made of: its head with the buttons, the plot, the table, the legend.

import { el } from "./dom.js";

/**
 * The elements of the panel `definition` whose `view` is chosen; `figure` holds all others.
 * `on` is told what a person chose: `view(key)`, `table()`, `how()`.
 */
export function frame({ id, title, views, explain }, view, on) {
  const parts = {
    subtitle: el("p", { class: "panel-sub" }),
    strip: el("p", { class: "strip", role: "status", hidden: true }),
    plot: el("div", { class: "plot" }),
    empty: el("div", { class: "nothing", hidden: true }),
    legend: el("ul", { class: "legend", "aria-label": "Lines" }),
    table: el("div", { class: "values-wrap", tabindex: "0", hidden: true }),
    unitButtons: views.map((each) => button(each.label, () => on.view(each.key), { dataset: { view: each.key }, "aria-pressed": String(each === view) })),
    tableButton: button("Table", on.table, { class: "quiet", "aria-pressed": "false", "aria-label": `Show ${title} as a table` }),
    howButton: explain ? button("How?", on.how, { class: "quiet how", "aria-label": `How is ${title} computed` }) : null,
  };
  parts.tableButton.disabled = true;
  if (parts.howButton) parts.howButton.disabled = true;
  const tools = el(
    "div",
    { class: "panel-tools" },
    views.length > 1 ? el("div", { class: "segments small" }, ...parts.unitButtons) : null,
    parts.howButton,
    parts.tableButton,
  );
  const head = el("div", {}, el("h2", { id: `${id}-title` }, title), parts.subtitle);
  parts.figure = el(
    "figure",
    { class: "card panel", id, "aria-labelledby": `${id}-title` },
    el("header", { class: "panel-head" }, head, tools),
    parts.strip,
    parts.plot,
    parts.empty,
    parts.table,
    parts.legend,
  );
  return parts;
}

const button = (text, onclick, attributes) => el("button", { type: "button", onclick, ...attributes }, text);
