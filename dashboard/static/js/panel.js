// One chart with all that surrounds it: title, unit, legend, table, and the reason when it is empty.

import { el, prose } from "./dom.js";
import { duration } from "./format.js";
import { legend } from "./legend.js";
import { frame } from "./panel-frame.js";
import * as plot from "./plot.js";
import { state } from "./state.js";
import { UNITS } from "./units.js";
import { valueTable } from "./values.js";

const NARROW = matchMedia("(max-width: 640px)");

/**
 * A panel from its definition:
 * `id`, `title`; `views`: [{key, label, unit, base, says, convert(trace)}], the first is the default; `base` is what
 * a percentage is a share of, `says` the words under the title;
 * `load(window, signal)` → {traces: [{name, labels, times, values, role}], step, note};
 * `empty(window)` → {why, remedy}; `explain(trace, index, loaded)` → opens the arithmetic.
 */
export class Panel {
  constructor(parent, definition) {
    this.definition = definition;
    this.hidden = new Set();
    this.asTable = false;
    const on = {
      view: (key) => this.choose(key),
      table: () => this.toggleTable(),
      how: () => this.explainNewest(),
    };
    Object.assign(this, frame(definition, this.view, on));
    parent.append(this.figure);
    document.addEventListener("weir:theme", () => this.render());
    NARROW.addEventListener("change", () => this.render());
    new IntersectionObserver((entries) => this.seen(entries.at(-1).isIntersecting), {
      rootMargin: "240px",
    }).observe(this.figure);
  }

  get view() {
    const { id, views } = this.definition;
    return views.find((view) => view.key === state.params.get(`unit-${id}`)) ?? views[0];
  }

  choose(key) {
    const { id, views } = this.definition;
    state.setList({ [`unit-${id}`]: key === views[0].key ? null : key });
    this.render();
  }

  toggleTable() {
    this.asTable = !this.asTable;
    this.tableButton.setAttribute("aria-pressed", String(this.asTable));
    this.render();
  }

  seen(visible) {
    this.visible = visible;
    if (visible && this.wanted) this.update(this.wanted);
  }

  /** Load `window` and show it; what is not in sight waits. A `tick` never cuts a slow load short. */
  async update(window, { tick = false } = {}) {
    this.wanted = window;
    if (!this.visible || (tick && this.busy)) return;
    this.wanted = null;
    this.abort?.abort();
    const abort = new AbortController();
    Object.assign(this, { abort, busy: true });
    this.figure.setAttribute("aria-busy", "true");
    if (this.drawn && !tick) plot.moveTo(this.plot, window);
    try {
      this.loaded = await this.definition.load(window, abort.signal);
      Object.assign(this, { error: null, window });
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error = error;
    }
    if (abort.signal.aborted) return;
    this.busy = false;
    this.figure.removeAttribute("aria-busy");
    await this.render();
  }

  /** What `loaded` holds in the chosen unit, limits last. */
  traces() {
    const converted = this.loaded.traces.map((trace) =>
      this.view.convert ? { ...trace, values: this.view.convert(trace) } : trace,
    );
    return converted.filter((trace) => trace.values.some((value) => value !== null));
  }

  /** Show again what depends on what is there now: shares of it, and the reason for nothing. */
  refresh() {
    if (this.loaded && !this.busy && (this.view.convert || !this.empty.hidden)) this.render();
  }

  async render() {
    this.showError();
    if (!this.loaded) return;
    for (const button of this.unitButtons) {
      button.setAttribute("aria-pressed", String(button.dataset.view === this.view.key));
    }
    this.shown = this.traces();
    const filled = this.shown.some((trace) => trace.role !== "limit");
    const unit = withBase(UNITS[this.view.unit], this.view.base);
    this.subtitle.textContent = [this.view.says ?? unit.label, filled && step(this.loaded.step)]
      .filter(Boolean)
      .join(" · ");
    this.plot.hidden = !filled || this.asTable;
    this.legend.hidden = !filled;
    this.table.hidden = !filled || !this.asTable;
    this.tableButton.disabled = !filled;
    if (this.howButton) this.howButton.disabled = !filled;
    this.showEmpty(filled);
    if (filled) await this.show(unit);
  }

  async show(unit) {
    const note = this.view.note?.(this.loaded.traces, this.shown) ?? this.loaded.note;
    const marks = { unit, hidden: this.hidden, note };
    const toggle = (name) => this.toggleLine(name);
    this.legend.replaceChildren(
      ...legend(this.shown, { ...marks, toggle, focus: (index) => this.focus(index) }),
    );
    this.legend.classList.toggle("single", this.shown.length === 1 && !note);
    if (this.asTable) {
      const caption = `${this.definition.title}, ${this.subtitle.textContent}`;
      this.table.replaceChildren(valueTable(this.shown, unit, caption));
      return;
    }
    const options = { window: this.window, unit, hidden: this.hidden, narrow: NARROW.matches };
    try {
      await plot.draw(this.plot, this.shown, options);
    } catch (error) {
      this.error = error;
      this.showError();
      return;
    }
    if (!this.drawn) this.listen();
    this.drawn = true;
    this.figure.dataset.drawn = this.window.key;
  }

  listen() {
    plot.listen(this.plot, {
      zoomed: (from, to) => state.showAbsolute(from, Math.max(to, from + 1)),
      back: () => state.resume(),
      picked: (curve, point) => this.explain(this.shown[curve], point),
    });
  }

  toggleLine(name) {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.render();
  }

  focus(index) {
    const lines = this.plot.querySelectorAll(".scatterlayer .trace");
    const chosen = index === null ? null : this.shown.slice(0, index).filter((t) => !this.hidden.has(t.name)).length;
    lines.forEach((line, i) => line.classList.toggle("faded", chosen !== null && i !== chosen));
  }

  explain(trace, point) {
    if (!this.definition.explain || !trace || trace.role === "limit") return false;
    this.definition.explain(trace, point, this.loaded);
    return true;
  }

  explainNewest() {
    const trace = this.shown.find((each) => each.role !== "limit");
    const last = trace.values.findLastIndex((value) => value !== null);
    // The newest interval is still being filled: the one before it is complete.
    const whole = last > 0 && trace.values[last - 1] !== null ? last - 1 : last;
    this.explain(trace, whole);
  }

  showError() {
    const { error, loaded } = this;
    this.strip.hidden = !error || !loaded;
    this.figure.classList.toggle("failed", Boolean(error));
    if (!error) return;
    this.strip.textContent = `${error.message} This is the last that was known.`;
    if (loaded) return;
    this.plot.hidden = true;
    this.empty.hidden = false;
    this.empty.replaceChildren(el("p", { class: "why" }, error.message), el("p", {}, error.hint ?? ""));
  }

  showEmpty(filled) {
    this.empty.hidden = filled;
    if (filled) return;
    const { why, remedy, action } = this.definition.empty(this.window, this.loaded, this.view);
    this.empty.replaceChildren(el("p", { class: "why" }, why), prose(remedy ?? ""));
    if (action) this.empty.append(action);
  }
}

/** `unit` with the base of a share after each figure: a percentage is never bare. */
function withBase(unit, base) {
  if (!base) return unit;
  return { ...unit, hover: ` % ${base}`, text: (value) => `${unit.text(value)} ${base}` };
}

const step = (seconds) => (seconds ? `each point ${duration(seconds)}` : "");
