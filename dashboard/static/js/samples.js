// The samples behind one figure, as the table in its explanation.

import { el } from "./dom.js";
import { time } from "./format.js";

const SHOWN = 14;
const EDGE = 6;

/** A row for each sample: when it was read, the counter, and what came since the one before. */
export function samplesTable(answer) {
  const rows = [];
  let before = null;
  for (const pair of answer.pairs) {
    if (before !== pair.a.time) rows.push(row(pair.a, "", ""));
    const since = `${pair.reset ? "↺ " : "+ "}${pair.increase.toFixed(6)}`;
    rows.push(row(pair.b, since, pair.share === 1 ? "all" : `${(pair.share * 100).toFixed(2)}\u00a0%`));
    before = pair.b.time;
  }
  const partly = answer.pairs.some((pair) => pair.share !== 1);
  const headings = ["Read at", "Counter, s", "Increase, s", ...(partly ? ["Counts here"] : [])];
  const body = rows.length > SHOWN ? [...rows.slice(0, EDGE), left(rows.length - 2 * EDGE), ...rows.slice(-EDGE)] : rows;
  const table = el(
    "table",
    { class: partly ? "samples partly" : "samples" },
    el("thead", {}, el("tr", {}, ...headings.map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, ...body),
  );
  return el("div", { class: "samples-wrap" }, table);
}

const row = (sample, since, share) =>
  el(
    "tr",
    {},
    el("td", {}, time(sample.time, { precise: true })),
    el("td", {}, sample.value.toFixed(6)),
    el("td", {}, since),
    el("td", { class: "share" }, share),
  );

const left = (count) => el("tr", {}, el("td", { colspan: 4, class: "left-out" }, `… ${count} more samples …`));
