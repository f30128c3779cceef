// A legend of real buttons: names are text, a click hides a line, hovering brings it forward.

import { el, name } from "./dom.js";
import { look } from "./plot.js";
import { largest, mean } from "./units.js";

const SVG = "http://www.w3.org/2000/svg";

function swatch(colour, dash) {
  const svg = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "line");
  const marks = { x1: 1, y1: 4, x2: 17, y2: 4, class: `swatch ${colour} ${dash}` };
  for (const [key, value] of Object.entries(marks)) line.setAttribute(key, value);
  svg.setAttribute("viewBox", "0 0 18 8");
  svg.setAttribute("aria-hidden", "true");
  svg.append(line);
  return svg;
}

/** The legend's items; `toggle(name)` hides or shows a line, `focus(index|null)` brings one forward. */
export function legend(traces, { unit, hidden, toggle, focus, note }) {
  const items = traces.map((trace, index) => {
    const isLimit = trace.role === "limit";
    const { colour, dash } = isLimit ? { colour: "limit", dash: "dash" } : look(index);
    const figure = isLimit ? largest(trace.values) : mean(trace.values);
    const text = isLimit && unit.given ? unit.given(figure) : unit.text(figure);
    const content = [
      swatch(colour, dash),
      name(trace.name),
      el("span", { class: "legend-value", title: isLimit ? "" : "mean over the time shown" }, text),
    ];
    if (isLimit) return el("li", {}, el("span", { class: "legend-item" }, ...content));
    const button = el(
      "button",
      {
        type: "button",
        class: "legend-item",
        "aria-pressed": String(!hidden.has(trace.name)),
        title: `${trace.name}: mean over the time shown; press to hide or show`,
        onclick: () => toggle(trace.name),
        onmouseenter: () => focus(index),
        onmouseleave: () => focus(null),
      },
      ...content,
    );
    return el("li", {}, button);
  });
  if (traces.length > 1) items.unshift(el("li", { class: "legend-note" }, "Mean"));
  if (note) items.push(el("li", { class: "legend-note" }, note));
  return items;
}
