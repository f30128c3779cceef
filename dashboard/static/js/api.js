// The query API. Errors are one line for a person; whatever fails, the page lives on.

export const CPU = "container_cpu_usage_seconds_total";
export const NODE_CPU = "node_cpu_usage_seconds_total";

const PATIENCE_MS = 30_000;
const RETRY_MS = 300;

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
  const signals = AbortSignal.any(signal ? [signal, patience] : [patience]);
  let response;
  let body;
  try {
    response = await fetchTwice(address(path, params), { signal: signals });
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
    const hint = response.status === 503 ? "The page tries again by itself." : sentence(body.hint);
    throw new ApiError(sentence(body.error ?? "the dashboard failed"), hint, response.status);
  }
  return body;
}

// A browser cuts its requests whenever an interface appears, as for each container that starts.
async function fetchTwice(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (options.signal.aborted) throw error;
    await new Promise((done) => setTimeout(done, RETRY_MS));
    return fetch(url, options);
  }
}

export const query = (params, signal) => get("/api/v1/query", params, signal);

/** A matcher string that selects the series with exactly these labels ("" is: has none). */
export function match(labels) {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${String(value).replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`)
    .join(",");
}

const sentence = (text) => {
  const line = String(text || "").split("\n")[0];
  const end = !line || /[.!?]$/.test(line) ? "" : ".";
  return line.charAt(0).toUpperCase() + line.slice(1) + end;
};
