// What stands in a cell: made once, changed only where the text differs.

import { el, setText } from "./dom.js";

/** Plain text; `title` on hovering. */
export function text(cell, value, title) {
  setText(cell, value);
  if (title !== undefined && cell.title !== title) cell.title = title;
}

/** A figure that opens its arithmetic. */
export function figure(cell, value, label, open, { quiet = false } = {}) {
  let button = cell.firstElementChild;
  if (!button) {
    button = el("button", { type: "button", class: quiet ? "figure plain" : "figure" });
    cell.append(button);
  }
  button.onclick = open;
  setText(button, value);
  button.setAttribute("aria-label", label);
}

/** A share with a bar: `70 % of limit (0.5)`; the bar's colour warns near the limit. */
export function share(cell, ratio, value, { title, warns = true, open } = {}) {
  const tag = open && ratio !== null ? "BUTTON" : "SPAN";
  if (cell.firstElementChild?.tagName !== tag) {
    const words = tag === "SPAN" ? el("span") : el("button", { type: "button", class: "figure plain" });
    cell.replaceChildren(words, meter());
  }
  const [words, bar] = cell.children;
  words.onclick = open ?? null;
  words.classList.toggle("unknown", ratio === null);
  setText(words, value);
  if (title) cell.title = title;
  fill(bar, ratio, warns);
}

/** An empty meter; it repeats what the text says, so readers of text skip it. */
export function meter() {
  return el("span", { class: "meter", "aria-hidden": "true" }, el("span"));
}

export function fill(bar, ratio, warns = true) {
  bar.hidden = ratio === null;
  if (ratio === null) return;
  bar.firstElementChild.style.width = `${Math.min(100, Math.max(0, ratio * 100)).toFixed(1)}%`;
  bar.dataset.level = warns && ratio >= 0.9 ? "high" : warns && ratio >= 0.75 ? "raised" : "calm";
}
