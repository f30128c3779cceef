// How each unit is drawn: its scale, its ticks, its text, and the least height of an axis, so that
// an idle container does not look busy on an axis scaled to its own noise.

import { binaryScale, bytes, bytesPerSecond, cores, percent, plain, significant } from "./format.js";

// `text` writes a measured value, `given` a limit; `hover` follows a value beside the pointer where
// that is not the ticks' suffix.
const flat = (suffix) => () => ({ divisor: 1, suffix });

export const UNITS = {
  cores: {
    label: "cores",
    floor: 0.02,
    scale: flat(""),
    hover: " cores",
    text: cores,
    given: (value) => `${plain(value)} cores`,
  },
  bytes: {
    label: "bytes",
    floor: 1024 ** 2,
    scale: (largest) => {
      const { divisor, unit } = binaryScale(largest);
      return { divisor, suffix: ` ${unit}` };
    },
    text: bytes,
  },
  "bytes/s": {
    label: "bytes per second",
    floor: 1024,
    scale: (largest) => {
      const { divisor, unit } = binaryScale(largest);
      return { divisor, suffix: ` ${unit}/s` };
    },
    text: bytesPerSecond,
  },
  ratio: {
    label: "percent",
    floor: 0.05,
    scale: () => ({ divisor: 0.01, suffix: " %" }),
    text: percent,
  },
  count: {
    label: "count",
    floor: 4,
    scale: flat(""),
    hover: "",
    text: (value) => (value === null ? "–" : significant(value)),
  },
};

/** The mean of the known values; null where none is known. */
export function mean(values) {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    count += 1;
  }
  return count ? sum / count : null;
}

/** The largest known value, at least `least`. */
export const largest = (values, least = 0) =>
  values.reduce((most, value) => (value !== null && value > most ? value : most), least);
