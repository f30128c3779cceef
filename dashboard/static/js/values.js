// The table behind a chart: the same values, for those who read rather than look.

import { el, name } from "./dom.js";
import { time } from "./format.js";

/** A table of `traces` (sharing no times necessarily), newest row first. */
export function valueTable(traces, unit, caption) {
  const columns = traces.map((trace) => new Map(trace.times.map((at, i) => [at, trace.values[i]])));
  const times = [...new Set(traces.flatMap((trace) => trace.times))].sort((a, b) => b - a);
  const known = (at) => columns.some((column) => (column.get(at) ?? null) !== null);
  const shown = times.slice(times.findIndex(known), times.findLastIndex(known) + 1);
  const head = el(
    "tr",
    {},
    el("th", { scope: "col" }, "Time"),
    ...traces.map((trace) => el("th", { scope: "col" }, name(trace.name))),
  );
  const rows = shown.map((at) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, time(at)),
      ...columns.map((column) => {
        const value = column.get(at) ?? null;
        return el("td", {}, value === null ? "no data" : unit.text(value));
      }),
    ),
  );
  return el(
    "table",
    { class: "values" },
    el("caption", {}, caption),
    el("thead", {}, head),
    el("tbody", {}, ...rows),
  );
}
