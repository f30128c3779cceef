// What is there now: nodes and containers, and whether the store answers at all.

import { get } from "./api.js";
import { byId, el, setText } from "./dom.js";
import { duration, time } from "./format.js";

const banner = byId("banner");

/** The last answer: `nodes`, `containers`, and the time they speak of. `known` once there was one. */
export const now = { nodes: [], containers: [], time: 0, known: false, failing: null };

let abort = null;

/** Ask anew; true if it was answered. A `tick` waits for the answer that is under way. */
export async function refreshNow({ tick = false } = {}) {
  if (abort && tick) return false;
  abort?.abort();
  const own = new AbortController();
  abort = own;
  try {
    const answer = await get("/api/v1/containers", {}, own.signal);
    Object.assign(now, { nodes: answer.nodes, containers: answer.containers, time: answer.time });
    Object.assign(now, { known: true, failing: null, answered: Date.now() / 1000 });
  } catch (error) {
    if (own.signal.aborted) return false;
    now.failing = { error, since: now.failing?.since ?? Date.now() / 1000 };
  }
  abort = null;
  showBanner();
  return !now.failing;
}

function showBanner() {
  const { failing } = now;
  banner.hidden = !failing;
  if (!failing) return;
  const known = now.known ? " What you see is the last that was known." : "";
  setText(banner, `${failing.error.message} Since ${time(failing.since)}; trying again.${known}`);
}

// The server's clock, carried on by this one's.
const present = () => now.time + Date.now() / 1000 - now.answered;

/** Seconds since `unix`. */
export const age = (unix) => Math.max(0, present() - unix);

/** When the newest sample of a node or container was taken, in Unix seconds. */
export const seen = (row) => now.time - row.last_seen_seconds;

const STALE_SWEEPS = 3;

/** Whether a node or container has sent nothing for several sweeps or refreshes: its figures are old. */
export function isStale(row) {
  const spacing = nodeOf(row)?.spacing_seconds ?? 0;
  return age(seen(row)) > STALE_SWEEPS * Math.max(spacing, Number(document.body.dataset.refresh));
}

/** Selects the newest pair of samples that a row's figures are from, however many came since. */
export const newestPair = (row) => ({ time: seen(row) - 0.55, step: 0.5 });

/** The tags that tell one container from all others, "" where it has none. */
export const TAGS = ["cluster", "node", "namespace", "pod", "container"];

/** Those tags of a row, or of a series' labels. */
export const labelsOf = (row) => Object.fromEntries(TAGS.map((tag) => [tag, row[tag] ?? ""]));

const same = (a, b, tags) => tags.every((tag) => (a[tag] ?? "") === (b[tag] ?? ""));

/** The node of a row or of a series' labels, and the container's row; undefined if not there now. */
export const nodeOf = (labels) => now.nodes.find((node) => same(node, labels, ["cluster", "node"]));
export const rowOf = (labels) => now.containers.find((row) => same(row, labels, TAGS));

/** What a percentage of CPU may be a share of, for the arithmetic of a container's figure. */
export function basesOf(row) {
  const node = nodeOf(row);
  const bases = [];
  if (row.cpu_limit_cores) bases.push({ name: "limit", cores: row.cpu_limit_cores });
  if (node?.cpu_count) bases.push({ name: "node", cores: node.cpu_count });
  return bases;
}

/** Why a chart has nothing in `window`, and what to do; `own` is the chart's own reason. */
export function reason(window, own) {
  if (!now.known) return { why: "Waiting for the first answer of the store." };
  if (!now.nodes.length) {
    return {
      why: "No node has sent anything yet.",
      remedy: "The first figures come two sweeps after a collector starts. Is one running, and does the aggregator name it?",
    };
  }
  const newest = Math.max(...now.nodes.map(seen));
  if (newest < window.start) {
    return {
      why: `No samples in the last ${duration(window.end - window.start)} of this view.`,
      remedy: `The newest sample is from ${time(newest)}. Is the collector running, and the aggregator?`,
      action: goTo(newest - (window.end - window.start), newest, "Show the time until then"),
    };
  }
  return own;
}

function goTo(from, to, text) {
  const query = new URLSearchParams(location.search);
  for (const key of ["range", "paused"]) query.delete(key);
  query.set("from", Math.floor(from));
  query.set("to", Math.ceil(to));
  return el("a", { class: "quiet", href: `?${query}` }, text);
}
