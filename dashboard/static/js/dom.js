// Elements from plain data. Text only ever enters as text: nothing here parses HTML.

/** An element with `props` (class, dataset, on…, aria-…, any attribute) and children. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A name that came from outside: its own direction, so that it cannot turn the text around it. */
export const name = (text) => el("bdi", {}, text);

/** Change text only where it differs, so that a refresh repaints nothing that stayed. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A sentence in which `…` marks what is typed as it stands. */
export const prose = (text) =>
  el("p", {}, ...text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part)));

export const byId = (id) => document.getElementById(id);
