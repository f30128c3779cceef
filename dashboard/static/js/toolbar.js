// The bar on top: presets, an absolute range, the pause, and links that keep the time shown.

import { byId, setText } from "./dom.js";
import { duration, localInput, time, zone } from "./format.js";
import { state } from "./state.js";

const form = byId("range-form");
const custom = byId("custom");
const live = byId("live");

export function toolbar() {
  for (const button of document.querySelectorAll("[data-range]")) {
    button.addEventListener("click", () => state.showPreset(button.dataset.range));
  }
  live.addEventListener("click", () => (state.live ? state.pause() : state.resume()));
  custom.addEventListener("click", () => (form.hidden ? open() : close()));
  byId("range-cancel").addEventListener("click", close);
  form.addEventListener("submit", submit);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !form.hidden) close();
  });
  document.addEventListener("click", (event) => {
    if (!form.hidden && !form.contains(event.target) && !custom.contains(event.target)) close(false);
  });
  byId("zone").textContent = ` (${zone()})`;
  state.addEventListener("range", show);
  show();
}

function show() {
  for (const button of document.querySelectorAll("[data-range]")) {
    button.setAttribute("aria-pressed", String(button.dataset.range === state.range));
  }
  const { absolute } = state;
  custom.setAttribute("aria-pressed", String(Boolean(absolute)));
  setText(byId("custom-text"), absolute ? `${time(absolute.from)} – ${ending(absolute)}` : "Custom");
  live.setAttribute("aria-pressed", String(state.live));
  live.setAttribute("aria-label", state.live ? "Pause the refreshing" : "Follow the present again");
  const every = duration(Number(document.body.dataset.refresh));
  live.title = state.live ? `Refreshes every ${every}; press to pause` : "Press to follow the present again";
  setText(byId("live-text"), state.live ? "Live" : "Paused");
  for (const link of document.querySelectorAll("[data-keep-range]")) {
    link.setAttribute("href", state.keepRange(link.getAttribute("href")));
  }
}

const sameDay = (a, b) => new Date(a * 1000).toDateString() === new Date(b * 1000).toDateString();
const ending = ({ from, to }) => time(to, { date: sameDay(from, to) ? false : "auto" });

function open() {
  const { start, end } = state.window();
  form.elements.from.value = localInput(start);
  form.elements.to.value = localInput(end);
  complain("");
  form.hidden = false;
  custom.setAttribute("aria-expanded", "true");
  form.elements.from.focus();
}

function close(refocus = true) {
  form.hidden = true;
  custom.setAttribute("aria-expanded", "false");
  if (refocus) custom.focus();
}

function submit(event) {
  event.preventDefault();
  const from = new Date(form.elements.from.value).getTime() / 1000;
  const to = new Date(form.elements.to.value).getTime() / 1000;
  if (!(to > from)) {
    complain("The end must come after the beginning.");
    return;
  }
  close();
  state.showAbsolute(from, to);
}

function complain(text) {
  const line = form.querySelector(".form-error");
  line.textContent = text;
  line.hidden = !text;
}
