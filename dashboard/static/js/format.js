// Figures for people. A non-breaking space ties each figure to its unit.

const NBSP = "\u00a0";
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Rounded to four significant digits, without trailing zeros: for display only. */
export const significant = (value, digits = 4) => String(Number(value.toPrecision(digits)));

function decimals(value) {
  if (value === 0) return "0";
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  if (value >= 0.1) return value.toFixed(2);
  if (value >= 0.01) return value.toFixed(3);
  return value >= 0.0001 ? value.toFixed(4) : "<" + NBSP + "0.0001";
}

/** `0.35 cores`; null is unknown. */
export const cores = (value) =>
  value === null ? "–" : `${decimals(value)}${NBSP}${value === 1 ? "core" : "cores"}`;

/** A number of cores that is given, not measured: `0.5`, `8`. */
export const plain = (value) => significant(value, 4);

/** A ratio as percent, never alone: the caller adds the base. */
export function percent(ratio) {
  if (ratio === null) return "–";
  const value = ratio * 100;
  if (value === 0) return `0${NBSP}%`;
  if (value < 0.01) return `<${NBSP}0.01${NBSP}%`;
  return `${value >= 9.95 ? value.toFixed(0) : value.toFixed(value >= 1 ? 1 : 2)}${NBSP}%`;
}

/** The power of 1024 in which `value` bytes read best: its divisor and unit. */
export function binaryScale(value) {
  let power = 0;
  while (value >= 1024 ** (power + 1) && power < BINARY.length - 1) power += 1;
  return { divisor: 1024 ** power, unit: BINARY[power] };
}

export function bytes(value) {
  if (value === null) return "–";
  const { divisor, unit } = binaryScale(value);
  return `${significant(value / divisor, value / divisor >= 100 ? 4 : 3)}${NBSP}${unit}`;
}

export const bytesPerSecond = (value) => (value === null ? "–" : `${bytes(value)}/s`);

/** The two largest units of a length of time. */
export function duration(seconds) {
  const parts = [];
  let rest = Math.max(0, Math.round(seconds));
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) parts.push(`${count}${NBSP}${unit}`);
    else if (parts.length) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || `0${NBSP}s`;
}

const two = (value) => String(value).padStart(2, "0");

/** Local time of day, with the date where it is not today; `precise` adds milliseconds. */
export function time(unix, { precise = false, date = "auto" } = {}) {
  const at = new Date(unix * 1000);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const text = precise ? `${clock}.${String(at.getMilliseconds()).padStart(3, "0")}` : clock;
  const today = at.toDateString() === new Date().toDateString();
  if (date === false || (date === "auto" && today)) return text;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${text}`;
}

/** A value for an input of type datetime-local. */
export function localInput(unix) {
  return time(unix, { date: true }).replace(" ", "T");
}

export function zone() {
  const minutes = -new Date().getTimezoneOffset();
  const sign = minutes < 0 ? "−" : "+";
  const hours = Math.floor(Math.abs(minutes) / 60);
  const rest = Math.abs(minutes) % 60;
  return minutes === 0 ? "UTC" : `UTC${sign}${hours}${rest ? `:${two(rest)}` : ""}`;
}
