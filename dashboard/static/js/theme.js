// Runs before the first paint, so that a dark page never flashes white.
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
  const apply = () => {
    root.dataset.theme = stored() ?? (system.matches ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("weir:theme"));
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      const chosen = root.dataset.theme === "dark" ? "light" : "dark";
      try {
        localStorage.setItem("weir-theme", chosen);
      } catch {
        root.dataset.theme = chosen;
      }
      apply();
    });
  });
})();
