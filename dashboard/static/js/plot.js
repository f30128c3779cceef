// One chart in Plotly: from traces of plain numbers to a figure. Plotly reads pseudo-HTML and
// %{templates} in text, so every name from outside goes through `literal`.

import { largest } from "./units.js";

const CONFIG = {
  showSendToCloud: false,
  displaylogo: false,
  displayModeBar: false,
  responsive: true,
  doubleClick: false,
};
const COLOURS = 10;
const FEW = 5; // Lines that one box beside the pointer can hold.

/** Plotly itself, once its file has run. */
export const plotly = new Promise((resolve, reject) => {
  if (window.Plotly) resolve(window.Plotly);
  const script = document.getElementById("plotly-script");
  script.addEventListener("load", () => resolve(window.Plotly));
  script.addEventListener("error", () => reject(new Error("plotly.js did not load; reload the page")));
});

export const literal = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

// Plotly shows milliseconds as local time, and tells what a person chose as local text.
const toAxis = (unix) => unix * 1000;
const fromAxis = (text) => new Date(text.replace(" ", "T")).getTime() / 1000;

/** The part of the theme that a figure needs. */
export function theme() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: value("ink"),
    muted: value("ink-2"),
    grid: value("grid"),
    surface: value("surface"),
    line: value("line"),
    limit: value("limit"),
    font: style.fontFamily,
    colours: Array.from({ length: COLOURS }, (_, i) => value(`c${i + 1}`)),
  };
}

/** Colour and dash of the trace at `index`: ten colours, then the same ones dashed. */
export const look = (index) => ({
  colour: `c${(index % COLOURS) + 1}`,
  dash: index < COLOURS ? "solid" : "dash",
});

// A line needs two neighbours: a point alone gets a dot, or it could not be seen.
function dots(values) {
  return values.map((value, i) =>
    value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? 5 : 0,
  );
}

// The ground below a line. Plotly would fill across a gap, so it goes down to zero at each edge.
function ground(trace, colour, scale) {
  const x = [];
  const y = [];
  trace.values.forEach((value, i) => {
    const at = toAxis(trace.times[i]);
    const edge = (value === null) !== ((trace.values[i - 1] ?? null) === null);
    if (value !== null) {
      if (edge) x.push(at) && y.push(0);
      x.push(at);
      y.push(value / scale.divisor);
    } else if (edge) {
      x.push(toAxis(trace.times[i - 1]));
      y.push(0);
    }
  });
  return { type: "scatter", mode: "none", x, y, fill: "tozeroy", fillcolor: `${colour}20`, hoverinfo: "skip" };
}

function scatter(trace, shown, colours, scale) {
  const isLimit = trace.role === "limit";
  const colour = isLimit ? colours.limit : colours.colours[shown.index % COLOURS];
  const sizes = isLimit ? 0 : dots(trace.values);
  const lonely = !isLimit && sizes.some((size) => size > 0);
  return {
    type: "scatter",
    mode: lonely ? "lines+markers" : "lines",
    x: trace.times.map(toAxis),
    y: trace.values.map((value) => (value === null ? null : value / scale.divisor)),
    meta: literal(trace.name),
    connectgaps: false,
    visible: !shown.hidden,
    line: isLimit
      ? { color: colour, width: 1.5, dash: "4px,4px", shape: "hv" }
      : { color: colour, width: 1.8, dash: look(shown.index).dash },
    marker: { color: colour, size: sizes, line: { width: 0 } },
    hovertemplate: `%{meta}  %{y:.4~r}${shown.after}<extra></extra>`,
  };
}

const clock = ({ start, end }) => (end - start > 86400 ? "%b %-d %H:%M" : "%H:%M:%S");

function ticks({ start, end }) {
  const length = end - start;
  if (length < 300) return "%H:%M:%S";
  if (length < 36 * 3600) return "%H:%M";
  return length < 5 * 86400 ? "%b %-d %H:%M" : "%b %-d";
}

// Half the way to the next point: the pointer in a gap must not read a value from its edge.
function reach(node, trace, window) {
  const between = (trace.times[1] ?? trace.times[0]) - trace.times[0];
  return Math.max(6, (node.clientWidth * between) / (window.end - window.start) / 2 + 2);
}

function layout(options, colours, scale, top) {
  const font = { family: colours.font, size: 12, color: colours.muted };
  const { start, end, key } = options.window;
  return {
    uirevision: "kept",
    autosize: true,
    margin: { l: 8, r: 12, t: 10, b: 26 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font,
    showlegend: false,
    dragmode: "zoom",
    hovermode: options.unified ? "x unified" : "closest",
    hoverdistance: options.unified ? options.distance : 30,
    hoverlabel: {
      bgcolor: colours.surface,
      bordercolor: colours.line,
      font: { ...font, color: colours.ink },
      namelength: -1,
      align: "left",
    },
    xaxis: {
      type: "date",
      range: [toAxis(start), toAxis(end)],
      uirevision: key,
      gridcolor: "rgba(0,0,0,0)",
      linecolor: colours.line,
      ticks: "outside",
      ticklen: 4,
      tickcolor: colours.line,
      nticks: options.narrow ? 4 : 7,
      tickformat: ticks(options.window),
      hoverformat: clock(options.window),
      spikecolor: colours.muted,
      spikethickness: 1,
      spikedash: "dot",
      zeroline: false,
    },
    yaxis: {
      range: [0, (top / scale.divisor) * 1.08],
      fixedrange: true,
      gridcolor: colours.grid,
      zeroline: false,
      automargin: true,
      nticks: 5,
      ticksuffix: scale.suffix,
      tickformat: ".3~r",
    },
  };
}

/** Draw `traces` into `node`. `options`: window, unit, hidden (a set of names). Returns a promise. */
export async function draw(node, traces, options) {
  const Plotly = await plotly;
  const colours = theme();
  const used = traces.filter((trace) => trace.role !== "limit");
  const visible = used.filter((trace) => !options.hidden.has(trace.name));
  const peak = largest(visible.flatMap((trace) => trace.values), options.unit.floor);
  // A limit far above the use would press the line to the ground: the legend says it instead.
  const limits = traces.filter((trace) => trace.role === "limit" && fits(trace, peak));
  const top = largest(limits.flatMap((trace) => trace.values), peak);
  const scale = options.unit.scale(top);
  const unified = visible.length <= FEW;
  const after = (options.unit.hover ?? scale.suffix) + (unified ? "" : `  %{x|${clock(options.window)}}`);
  const data = [...used, ...limits].map((trace, index) =>
    scatter(trace, { index, after, hidden: options.hidden.has(trace.name) }, colours, scale),
  );
  if (used.length === 1) data.push(ground(used[0], colours.colours[0], scale));
  const distance = reach(node, used[0], options.window);
  await Plotly.react(node, data, layout({ ...options, unified, distance }, colours, scale, top), CONFIG);
}

/** Whether a limit line is drawn beside values that reach `peak`. */
export const fits = (trace, peak) => largest(trace.values) <= peak * 5;

/** Show `window` at once, before its data is there. */
export async function moveTo(node, window) {
  const Plotly = await plotly;
  if (!node._fullLayout) return;
  await Plotly.relayout(node, { "xaxis.range": [toAxis(window.start), toAxis(window.end)] });
}

/**
 * Call `zoomed(from, to)` after a drag, `back()` on a double click, `picked(line, point)` on a click:
 * of the line nearest to the pointer, then of the others until it returns true.
 */
export function listen(node, { zoomed, back, picked }) {
  node.on("plotly_relayout", (change) => {
    const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (from !== undefined && to !== undefined) zoomed(fromAxis(from), fromAxis(to));
  });
  node.on("plotly_doubleclick", back);
  node.on("plotly_click", (event) => {
    const top = node.querySelector(".nsewdrag").getBoundingClientRect().top;
    const away = ({ yaxis, y }) => Math.abs(yaxis.c2p(y) - (event.event.clientY - top));
    const near = [...event.points].sort((a, b) => away(a) - away(b));
    for (const { curveNumber, pointIndex } of near) if (picked(curveNumber, pointIndex)) return;
  });
}
