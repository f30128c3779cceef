// From the query API's answers to a panel's traces.

import { query } from "./api.js";
import { TAGS } from "./now.js";

export const CONTAINER = TAGS.join(",");
export const NODE = "cluster,node";

// Steps are chosen by the API from these; a start on a multiple of one lets a bucket keep its
// edges, and so its value, while the window moves on.
const STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
const POINTS = 360;

/** One metric over `window`. */
export function ask({ start, end }, signal, params) {
  const step = STEPS.find((each) => each >= (end - start) / POINTS) ?? STEPS.at(-1);
  const aligned = Math.floor(start / step) * step;
  return query({ start: aligned, end: end.toFixed(3), ...params }, signal);
}

/** The answer's series as traces, each named by `named(labels, all)`. */
export function traces(answer, named) {
  const all = answer.series.map((series) => series.labels);
  return answer.series.map(({ labels, values }) => ({
    name: named(labels, all),
    labels,
    metric: answer.metric,
    times: answer.times,
    values,
  }));
}

/** A container's name, with as much of its place as tells it from the others shown. */
export function containerName(labels, all) {
  const alike = all.filter((other) => other.container === labels.container);
  if (alike.length < 2) return labels.container ?? "?";
  const parts = ["cluster", "node", "namespace", "pod"].filter((tag) => new Set(alike.map((each) => each[tag] ?? "")).size > 1);
  return [...parts.map((tag) => labels[tag]).filter(Boolean), labels.container].join("/");
}

/** One value for each time of two answers over the same times; `combine` sees no nulls. */
export function combined(a, b, combine) {
  const other = new Map(b.times.map((time, i) => [time, b.series[0]?.values[i] ?? null]));
  const values = a.series[0]?.values ?? [];
  return values.map((value, i) => {
    const second = other.get(a.times[i]) ?? null;
    return value === null || second === null ? null : combine(value, second);
  });
}

/** Each value as a share of `base`; null where one of them is not known. */
export const over = (values, base) => values.map((value) => (value === null || !base ? null : value / base));

/** A setting holds until the next one: carried over the times at which it was not read. */
export function held(values) {
  const result = [];
  let last = values.find((value) => value !== null) ?? null;
  for (const value of values) {
    last = value ?? last;
    result.push(last);
  }
  return result;
}
