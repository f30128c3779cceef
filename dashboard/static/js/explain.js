// "How is this computed": the samples, the arithmetic with its numbers, the result with its bases.

import { address, get } from "./api.js";
import { el, name } from "./dom.js";
import { cores, duration, percent, plain, time } from "./format.js";
import { samplesTable } from "./samples.js";

const NBSP = "\u00a0";
const PATH = "/api/v1/explain";

let dialog = null;
let abort = null;
let catalogue = null;

const rate = (value) => value.toFixed(4);
const exact = (value) => value.toFixed(6);
const seconds = (value) => `${exact(value)}${NBSP}s`;
const given = (value) => `${plain(value)}${NBSP}${value === 1 ? "core" : "cores"}`;

/**
 * Open the panel for one figure. `request` goes to /api/v1/explain (metric, match, time, step);
 * `title` names the series; `bases` are [{name, cores}] that percentages are taken of. With `pair`,
 * time and step only point at the pair of samples whose rate it is.
 */
export async function explain({ title, what, request, bases, pair = false }) {
  build();
  abort?.abort();
  abort = new AbortController();
  const body = dialog.querySelector(".explain-body");
  dialog.querySelector(".explain-of").replaceChildren(name(title), ` · ${what}`);
  body.replaceChildren(el("p", { class: "why" }, "Reading the samples …"));
  if (!dialog.open) dialog.showModal();
  try {
    const [answer, metrics] = await Promise.all([get(PATH, request, abort.signal), loadCatalogue()]);
    const told = pair && answer.pairs.length ? wholePair(answer) : answer;
    body.replaceChildren(...sections(told, metrics[request.metric], request, bases, pair));
  } catch (error) {
    if (error.name === "AbortError") return;
    const why = el("p", { class: "why" }, error.message);
    body.replaceChildren(why, el("p", {}, error.hint ?? ""), rawLink(request));
  }
}

function build() {
  if (dialog) return;
  const close = el("button", { type: "button", class: "icon-button", "aria-label": "Close" }, "✕");
  dialog = el(
    "dialog",
    { class: "explain", "aria-labelledby": "explain-title" },
    el(
      "header",
      {},
      el("div", {}, el("h2", { id: "explain-title" }, "How is this computed"), el("p", { class: "explain-of" })),
      close,
    ),
    el("div", { class: "explain-body" }),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // The backdrop.
  });
  dialog.addEventListener("close", () => abort?.abort());
  document.body.append(dialog);
}

async function loadCatalogue() {
  catalogue ??= await get("/catalogue");
  return catalogue;
}

// The last pair as a figure of its own, from its first sample to its second.
function wholePair(answer) {
  const pair = { ...answer.pairs.at(-1), share: 1 };
  const { a, b, increase, seconds } = pair;
  return { ...answer, pairs: [pair], from: a.time, to: b.time, increase, seconds, result: answer.result };
}

function sections(answer, metric, request, bases, pair) {
  if (answer.result === null) {
    return [
      el("p", { class: "why" }, "There is no rate here."),
      el("p", {}, `${answer.formula[0].toUpperCase()}${answer.formula.slice(1)}.`),
      rawLink(request),
    ];
  }
  return [
    result(answer, bases),
    section("1", "The samples", samplesSays(answer, pair), samplesTable(answer)),
    section("2", "The increase", ...increase(answer)),
    section("3", "The rate", formula(`${seconds(answer.increase)} ÷ ${seconds(answer.seconds)}`, `${rate(answer.result)}${NBSP}cores`), el("p", {}, "A core is one second of CPU time in each second. The times are those of the reads themselves, not of the schedule.")),
    shares(answer, bases),
    source(metric, request),
  ].filter(Boolean);
}

function result(answer, bases) {
  const of = bases.map(
    (base) => `${percent(answer.result / base.cores)} of ${base.name} (${given(base.cores)})`,
  );
  return el(
    "div",
    { class: "explain-result" },
    el("output", {}, cores(answer.result)),
    el("p", {}, of.join(" · ")),
    el("p", { class: "muted" }, `${time(answer.from, { precise: true })} to ${time(answer.to, { precise: true })}`),
  );
}

function samplesSays(answer, pair) {
  const interval = pair ? "" : ` The figure is for the ${duration(answer.to - answer.from)} from ${time(answer.from)}.`;
  return el("p", {}, `The kernel counts the CPU time used, in seconds. These are its counter's values as they were read and stored.${interval}`);
}

function increase(answer) {
  const { pairs } = answer;
  const nodes = [];
  if (pairs.length === 1 && pairs[0].share === 1 && !pairs[0].reset) {
    const [{ a, b }] = pairs;
    nodes.push(formula(`${exact(b.value)} − ${exact(a.value)}`, seconds(answer.increase)));
  } else {
    const terms = pairs.map((pair) =>
      pair.share === 1 ? exact(pair.increase) : `${exact(pair.increase)}${NBSP}×${NBSP}${exact(pair.share)}`,
    );
    const shown = terms.length > 8 ? [...terms.slice(0, 4), "…", ...terms.slice(-3)] : terms;
    nodes.push(formula(shown.join(" + "), seconds(answer.increase)));
  }
  if (pairs.some((pair) => pair.share !== 1)) {
    nodes.push(el("p", {}, "A pair of samples that reaches over the interval's edge counts by the part of its time that lies inside, so the intervals together hold exactly the counter's increase."));
  }
  if (pairs.some((pair) => pair.reset)) {
    nodes.push(el("p", { class: "mark" }, "The counter began again between two samples (a restart): after it, the increase is the new value itself, never a negative figure."));
  }
  return nodes;
}

function shares(answer, bases) {
  if (!bases.length) return null;
  const lines = bases.map((base) =>
    formula(
      `${rate(answer.result)} ÷ ${given(base.cores)} of the ${base.name}`,
      `${percent(answer.result / base.cores)} of ${base.name}`,
    ),
  );
  return section("4", "The percentages", ...lines);
}

function source(metric, request) {
  const files = metric && [...new Set([metric.v1, metric.v2])].filter(Boolean);
  const versions = files?.length === 2 ? [" (cgroup v1)", " (cgroup v2)"] : [""];
  const where = files?.length
    ? el("p", {}, "The counter is the kernel's: ", ...files.flatMap((file, i) => [i ? " or " : "", el("code", {}, file), versions[i]]), ".")
    : null;
  return el(
    "section",
    { class: "explain-source" },
    el("h3", {}, "Where it comes from"),
    where,
    el("p", {}, "Stored as ", el("code", {}, request.metric), "."),
    rawLink(request),
  );
}

const rawLink = (request) =>
  el("p", {}, el("a", { href: address(PATH, request), target: "_blank", rel: "noopener" }, "The same as JSON"));

const section = (number, title, ...content) =>
  el("section", {}, el("h3", {}, el("span", { class: "step", "aria-hidden": "true" }, number), title), ...content);

const formula = (left, right) =>
  el("p", { class: "formula" }, el("span", {}, left), el("span", { class: "equals" }, ` = ${right}`));
