// The page's clock: refresh now, when the time shown changes, and each sweep while it is live.

import { state } from "./state.js";

/** Call `refresh(window, {tick})`; `tick` is true where only time has passed. */
export function follow(refresh) {
  const seconds = Number(document.body.dataset.refresh);
  let timer = 0;
  const run = (tick) => {
    clearTimeout(timer);
    if (!document.hidden) refresh(state.window(), { tick });
    if (state.live) timer = setTimeout(() => run(true), seconds * 1000);
  };
  state.addEventListener("range", () => run(false));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && state.live) run(true);
  });
  run(false);
}
