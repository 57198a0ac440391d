/**
 * Talking to the server: forgery token, problems as sentences, patient retries.
 */
import { one, words } from "ui/dom";

/** A request that failed, with a sentence for people. */
export class Problem extends Error {
  /**
   * @param {string} sentence
   * @param {{status?: number, type?: string, field?: string, retryAfter?: number}} [facts] `status` 0: the server was not reached
   */
  constructor(sentence, { status = 0, type = "", field = "", retryAfter = 0 } = {}) {
    super(sentence);
    this.name = "Problem";
    this.status = status;
    this.type = type;
    this.field = field;
    /** Seconds to wait, when the server said so. */
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

/** The token that Django wants with every write. */
export function csrfToken() {
  const cookie = document.cookie.match(/(?:^|; )tertulia_csrf=([^;]+)/);
  return cookie?.[1]
    ?? /** @type {HTMLMetaElement | null} */ (one("meta[name=csrf-token]"))?.content
    ?? /** @type {HTMLInputElement | null} */ (one("input[name=csrfmiddlewaretoken]"))?.value
    ?? "";
}

/**
 * One request to our own server.
 * @param {string} url
 * @param {{method?: string, json?: unknown, form?: FormData | URLSearchParams, headers?: Record<string, string>, signal?: AbortSignal, keepalive?: boolean}} [options]
 *   `json` or `form` is the body; the method is GET without a body and POST with one unless given.
 * @returns {Promise<Response>} only a successful answer
 * @throws {Problem}
 */
export async function request(url, { method, json, form, headers = {}, signal, keepalive = false } = {}) {
  const verb = method ?? (json === undefined && form === undefined ? "GET" : "POST");
  /** @type {Record<string, string>} */
  const sent = { Accept: "application/problem+json, application/json, text/html", ...headers };
  if (verb !== "GET") sent["X-CSRFToken"] = csrfToken();
  if (json !== undefined) sent["Content-Type"] = "application/json";
  /** @type {RequestInit} */
  const init = { method: verb, headers: sent, credentials: "same-origin", keepalive };
  if (json !== undefined) init.body = JSON.stringify(json);
  else if (form !== undefined) init.body = form;
  if (signal) init.signal = signal;
  let response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(words("offline"));
  }
  if (response.ok) return response;
  throw await problemOf(response);
}

/**
 * Leave this page for the first of some others that is (still) there for this reader; for the last in any case.
 * @param {...string} addresses
 */
export async function leaveFor(...addresses) {
  const last = addresses.pop() ?? "/";
  for (const address of addresses) {
    try {
      await request(address);
      location.assign(address);
      return;
    } catch {
      // The next one.
    }
  }
  location.assign(last);
}

/**
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
async function problemOf(response) {
  const facts = { status: response.status, retryAfter: Number(response.headers.get("Retry-After") ?? 0) };
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) return new Problem(words("failed"), facts);
  const body = await response.json().catch(() => ({}));
  return new Problem(body.detail || body.title || words("failed"), { ...facts, type: body.type ?? "", field: body.field ?? "" });
}

/**
 * Try again, a little later each time, what failed for a passing reason. Only for work that may be repeated.
 * @template T
 * @param {() => Promise<T>} work
 * @param {{tries?: number, first?: number, longest?: number}} [options] waits in milliseconds
 * @returns {Promise<T>}
 */
export async function retry(work, { tries = 6, first = 500, longest = 15_000 } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Problem) || !error.passing || attempt >= tries) throw error;
      await pause(error.retryAfter ? error.retryAfter * 1000 : backoff(attempt, first, longest));
    }
  }
}

/**
 * How long to wait before try number `attempt` + 1: doubling, with jitter so that many clients do not return at once.
 * @param {number} attempt from 1
 * @param {number} first
 * @param {number} longest
 * @returns {number} milliseconds
 */
export function backoff(attempt, first = 500, longest = 15_000) {
  return Math.min(longest, first * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
}

/**
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export function pause(milliseconds) {
  return new Promise((done) => { setTimeout(done, milliseconds); });
}
