// What a person sees is in the address: range, pause, filter, sort. Reopened, it is the same view.

export const PRESETS = { "5m": 300, "15m": 900, "1h": 3600, "6h": 21600, "24h": 86400, "7d": 604800 };
const DEFAULT_RANGE = "15m";
const RANGE_KEYS = ["range", "from", "to", "paused"];

const number = (text) => (text !== null && Number.isFinite(Number(text)) ? Number(text) : null);

/** Fires "range" when the time shown changes and "list" when filter or sort do. */
class State extends EventTarget {
  constructor() {
    super();
    this.params = new URLSearchParams(location.search);
    if (location.hash) history.replaceState(null, "", this.address());
    addEventListener("popstate", () => {
      this.params = new URLSearchParams(location.search);
      this.announce();
    });
  }

  /** The preset, or null for an absolute range. */
  get range() {
    if (this.absolute) return null;
    const range = this.params.get("range");
    return range !== null && Object.hasOwn(PRESETS, range) ? range : DEFAULT_RANGE;
  }

  get absolute() {
    const from = number(this.params.get("from"));
    const to = number(this.params.get("to"));
    return from !== null && to !== null && to > from ? { from, to } : null;
  }

  /** Unix seconds of the pause, or null. A pause fixes the end of a relative range. */
  get paused() {
    return number(this.params.get("paused"));
  }

  get live() {
    return !this.absolute && this.paused === null;
  }

  /** The time shown, in Unix seconds. `key` stays the same while a live window moves on. */
  window() {
    if (this.absolute) {
      const { from, to } = this.absolute;
      return { start: from, end: to, key: `${from}-${to}` };
    }
    const end = this.paused ?? Date.now() / 1000;
    return { start: end - PRESETS[this.range], end, key: `${this.range}-${this.paused}` };
  }

  showPreset(range) {
    this.change({ range, from: null, to: null, paused: null });
  }

  showAbsolute(from, to) {
    this.change({ from: round(from), to: round(to), paused: null });
  }

  /** Leave an absolute range or a pause and follow the present again. */
  resume() {
    this.change({ from: null, to: null, paused: null });
  }

  pause() {
    this.change({ paused: round(Date.now() / 1000) });
  }

  get filter() {
    return this.params.get("filter") ?? "";
  }

  /** `{column, descending}`; the address has `-column` for descending. */
  get sort() {
    const text = this.params.get("sort") ?? "-cpu";
    return { column: text.replace(/^-/, ""), descending: text.startsWith("-") };
  }

  /** A filter or sort is no step of its own for the back button. */
  setList(changes) {
    this.assign(changes);
    history.replaceState(null, "", this.address());
    this.dispatchEvent(new Event("list"));
  }

  change(changes) {
    this.assign(changes);
    history.pushState(null, "", this.address());
    this.announce();
  }

  assign(changes) {
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === "") this.params.delete(key);
      else this.params.set(key, value);
    }
  }

  address() {
    const query = this.params.toString();
    return location.pathname + (query ? `?${query}` : "");
  }

  /** `href` with the time shown kept. */
  keepRange(href) {
    const url = new URL(href, location.origin);
    for (const key of RANGE_KEYS) {
      const value = this.params.get(key);
      if (value === null) url.searchParams.delete(key);
      else url.searchParams.set(key, value);
    }
    return url.pathname + url.search;
  }

  announce() {
    this.dispatchEvent(new Event("range"));
    this.dispatchEvent(new Event("list"));
  }
}

const round = (unix) => Math.round(unix * 1000) / 1000;

export const state = new State();
