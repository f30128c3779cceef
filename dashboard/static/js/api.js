// The query API. Errors are one line for a person; whatever fails, the page lives on.

export const CPU = "container_cpu_usage_seconds_total";
export const NODE_CPU = "node_cpu_usage_seconds_total";

const PATIENCE_MS = 30_000;

export class ApiError extends Error {
  constructor(message, hint = "", status = 0) {
    super(message);
    this.hint = hint;
    this.status = status;
  }
}

/** The address of an API call, without empty parameters; also a link for a person. */
export function address(path, params = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") query.set(key, value);
  }
  return query.size ? `${path}?${query}` : path;
}

/** JSON from `path`. Throws ApiError, or AbortError when `signal` says the answer is not wanted. */
export async function get(path, params, signal) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  let response;
  let body;
  try {
    const signals = signal ? [signal, patience] : [patience];
    response = await fetch(address(path, params), { signal: AbortSignal.any(signals) });
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (error.name === "TimeoutError") {
      throw new ApiError("The store has not answered for 30 s.", "A shorter range asks for less.");
    }
    if (response) throw new ApiError(`The dashboard answered ${response.status} without a reason.`);
    throw new ApiError("The dashboard does not answer.", "Is its process running? Trying again.");
  }
  if (!response.ok) {
    throw new ApiError(sentence(body.error), body.hint, response.status);
  }
  return body;
}

export const query = (params, signal) => get("/api/v1/query", params, signal);

/** A matcher string that selects the series with exactly these labels ("" is: has none). */
export function match(labels) {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${String(value).replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`)
    .join(",");
}

const sentence = (text) => {
  const line = String(text ?? "The dashboard failed.").split("\n")[0];
  return line.charAt(0).toUpperCase() + line.slice(1);
};
