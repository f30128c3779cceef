// The charts of one container, and for each the reason why it may be empty.

import { explain } from "./explain.js";
import { ask, combined, held, over } from "./series.js";

const one = (answer, label) => ({
  name: label,
  metric: answer.metric,
  labels: answer.series[0]?.labels ?? {},
  times: answer.times,
  values: answer.series[0]?.values ?? [],
});

const limit = (label, times, values) => ({ name: label, role: "limit", times, values: held(values) });

/** Panel definitions; `context` has the container's labels, match and bases(). */
export function containerPanels(context) {
  const loader = (lines) => (window, signal) => load(context, window, signal, lines);
  return [
    cpu(context),
    throttling(context),
    {
      id: "memory",
      title: "Memory",
      views: [{ key: "bytes", label: "bytes", unit: "bytes" }],
      load: loader([
        { metric: "container_memory_working_set_bytes", label: "working set" },
        { metric: "container_memory_rss", label: "rss" },
        { metric: "container_memory_cache", label: "cache" },
        { metric: "container_spec_memory_limit_bytes", label: "limit", role: "limit", fn: "last" },
      ]),
      nothing: { why: "No memory figures for this container in this time.", remedy: "Did it run then? A longer range may show it." },
    },
    {
      id: "network",
      title: "Network",
      views: [{ key: "bytes", label: "bytes/s", unit: "bytes/s" }],
      load: loader([
        { metric: "container_network_receive_bytes_total", label: "received", fn: "rate" },
        { metric: "container_network_transmit_bytes_total", label: "sent", fn: "rate" },
      ]),
      nothing: {
        why: "No network interfaces of its own.",
        remedy: "A container that shares the host's network (`--network host`) or has none is not counted apart.",
      },
    },
    {
      id: "disk",
      title: "Block I/O",
      views: [{ key: "bytes", label: "bytes/s", unit: "bytes/s" }],
      load: loader([
        { metric: "container_fs_reads_bytes_total", label: "read", fn: "rate" },
        { metric: "container_fs_writes_bytes_total", label: "written", fn: "rate" },
      ]),
      nothing: {
        why: "This container has not read or written a disk.",
        remedy: "The kernel counts what reaches a block device; reads from its cache are free and not counted.",
      },
    },
    {
      id: "processes",
      title: "Processes",
      views: [{ key: "count", label: "count", unit: "count" }],
      load: loader([
        { metric: "container_processes", label: "processes", fn: "last" },
        { metric: "container_threads", label: "threads", fn: "last" },
        { metric: "container_threads_max", label: "limit", role: "limit", fn: "last" },
      ]),
      nothing: { why: "No process figures for this container in this time.", remedy: "Did it run then? A longer range may show it." },
    },
    {
      id: "pressure",
      title: "Pressure",
      views: [{ key: "ratio", label: "% of time", unit: "ratio", base: "of time", says: "% of time that some process waited" }],
      load: loader([
        { metric: "container_pressure_cpu_waiting_seconds_total", label: "for CPU", fn: "rate" },
        { metric: "container_pressure_memory_waiting_seconds_total", label: "for memory", fn: "rate" },
        { metric: "container_pressure_io_waiting_seconds_total", label: "for I/O", fn: "rate" },
      ]),
      nothing: {
        why: "The kernel gives no pressure figures for this container.",
        remedy: "They need cgroup v2 and a kernel with PSI on (`psi=1` on its command line).",
      },
    },
  ];
}

async function load({ match }, window, signal, lines) {
  const answers = await Promise.all(
    lines.map(({ metric, fn = "mean" }) =>
      ask(window, signal, { metric, fn, match, by: "container" }),
    ),
  );
  const traces = answers.map((answer, i) =>
    lines[i].role === "limit"
      ? limit(lines[i].label, answer.times, answer.series[0]?.values ?? [])
      : one(answer, lines[i].label),
  );
  return { traces, step: answers[0].step };
}

function cpu({ match, labels, bases }) {
  const base = (name) => bases().find((each) => each.name === name)?.cores;
  const lines = [
    ["container_cpu_usage_seconds_total", "usage"],
    ["container_cpu_user_seconds_total", "user"],
    ["container_cpu_system_seconds_total", "system"],
  ];
  return {
    id: "cpu",
    title: "CPU usage",
    views: [
      { key: "cores", label: "cores", unit: "cores" },
      { key: "limit", label: "% of limit", unit: "ratio", base: "of limit", says: "% of the limit", convert: ({ values }) => over(values, base("limit")) },
      { key: "node", label: "% of node", unit: "ratio", base: "of node", says: "% of the node's cores", convert: ({ values }) => over(values, base("node")) },
    ],
    nothing: {
      why: "No CPU figures for this container in this time.",
      remedy: "A rate needs two samples. As a share of the limit it needs a limit (`docker update --cpus 0.5 NAME` sets one).",
    },
    async load(window, signal) {
      const by = "container";
      const [quota, period, ...usage] = await Promise.all([
        ask(window, signal, { metric: "container_spec_cpu_quota", fn: "last", match, by }),
        ask(window, signal, { metric: "container_spec_cpu_period", fn: "last", match, by }),
        ...lines.map(([metric]) => ask(window, signal, { metric, fn: "rate", match, by })),
      ]);
      const cores = combined(quota, period, (a, b) => a / b);
      const traces = usage.map((answer, i) => one(answer, lines[i][1]));
      return { traces: [...traces, limit("limit", quota.times, cores)], step: usage[0].step };
    },
    explain(trace, i, { step }) {
      explain({
        title: labels.container,
        what: `CPU ${trace.name}`,
        request: { metric: trace.metric, match, time: trace.times[i], step },
        bases: bases(),
      });
    },
  };
}

function throttling({ match }) {
  return {
    id: "throttling",
    title: "CPU throttling",
    views: [{ key: "ratio", label: "% of periods", unit: "ratio", base: "of periods", says: "% of scheduling periods held back" }],
    nothing: {
      why: "Nothing can hold this container back: it has no CPU limit.",
      remedy: "The kernel counts throttling only under a limit (`docker update --cpus 0.5 NAME` sets one).",
    },
    async load(window, signal) {
      const params = { fn: "increase", match, by: "container" };
      const [throttled, periods] = await Promise.all([
        ask(window, signal, { metric: "container_cpu_cfs_throttled_periods_total", ...params }),
        ask(window, signal, { metric: "container_cpu_cfs_periods_total", ...params }),
      ]);
      const values = combined(throttled, periods, (a, b) => (b > 0 ? Math.min(1, a / b) : 0));
      return { traces: [{ ...one(throttled, "throttled"), values }], step: throttled.step };
    },
  };
}
