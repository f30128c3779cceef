// Runs before the first paint, so that a dark page never flashes white, and before anything that
// may fail to load: a browser cuts its requests when an interface appears, as for each container
// that starts, and a page without one of its modules is dead. It is loaded anew, a few times.
addEventListener(
  "error",
  ({ target }) => {
    const tries = Number(location.hash.match(/^#try-(\d)$/)?.[1] ?? 0);
    if (!(target instanceof HTMLScriptElement) || tries >= 5) return;
    setTimeout(() => {
      history.replaceState(null, "", `#try-${tries + 1}`);
      location.reload();
    }, 400);
  },
  true,
);

(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("weir-theme");
    } catch {
      return null; // Storage is forbidden: follow the system.
    }
  };
  const apply = (theme) => {
    root.dataset.theme = theme;
    document.dispatchEvent(new CustomEvent("weir:theme"));
  };
  const follow = () => apply(stored() ?? (system.matches ? "dark" : "light"));
  const choose = () => {
    const chosen = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("weir-theme", chosen);
    } catch {
      // Storage is forbidden: the choice holds until the page is left.
    }
    apply(chosen);
  };
  follow();
  system.addEventListener("change", follow);
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", choose);
  });
})();
