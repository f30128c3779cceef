// The few figures on top: large, each with its base, the ones of CPU open to question.

import { fill, meter } from "./cells.js";
import { el, setText } from "./dom.js";

export class Tile {
  /** `open` makes the figure a button that explains it. */
  constructor(parent, label, open) {
    this.figure = el(open ? "button" : "output", open ? { type: "button", class: "figure", onclick: open } : {});
    this.sub = el("p", { class: "tile-sub" });
    this.bar = meter();
    this.bar.hidden = true;
    this.label = label;
    setText(this.figure, "–");
    if (open) this.figure.disabled = true;
    parent.append(el("article", { class: "card tile" }, el("h2", {}, label), this.figure, this.sub, this.bar));
  }

  /** `ratio` fills the bar; null or nothing hides it. */
  show({ value, sub = "", ratio = null, warns = true, alarm = false }) {
    setText(this.figure, value);
    setText(this.sub, sub);
    fill(this.bar, ratio, warns);
    this.figure.parentElement.classList.toggle("alarm", alarm);
    if (this.figure.type === "button") {
      this.figure.disabled = value === "–";
      this.figure.setAttribute("aria-label", `${this.label} ${value}: how is this computed?`);
    }
  }
}
