/**
 * What was sent and is not yet acknowledged. Kept in the browser until the server has it, so that neither a lost
 * connection nor a closed tab loses words; each has an id of its own, so that sending twice makes one post.
 */
import { person } from "ui/dom";
import { Problem, backoff, request } from "ui/http";

/**
 * @typedef {object} Letter
 * @property {string} client_id
 * @property {string} channel
 * @property {string | null} root
 * @property {string} body
 * @property {{id: string, alt: string}[]} attachments
 * @property {number} at milliseconds
 * @property {string} [failed] why the server refused it
 */

const KEY = `tertulia:outbox:${person}`;
const WEEK = 7 * 86_400_000;
let attempt = 0;
let busy = false;

/** @returns {Letter[]} */
export function letters() {
  try {
    const kept = /** @type {Letter[]} */ (JSON.parse(localStorage.getItem(KEY) ?? "[]"));
    return kept.filter((letter) => Date.now() - letter.at < WEEK);
  } catch {
    return [];
  }
}

/** @param {Letter[]} kept */
function keep(kept) {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Full or forbidden: what is on the page is still sent.
  }
}

/**
 * Put a letter in and send it as soon as possible.
 * @param {Omit<Letter, "client_id" | "at">} words
 * @returns {Letter}
 */
export function post(words) {
  const letter = { ...words, client_id: crypto.randomUUID(), at: Date.now() };
  keep([...letters(), letter]);
  void flush();
  return letter;
}

/** @param {string} clientId */
export function discard(clientId) {
  keep(letters().filter((letter) => letter.client_id !== clientId));
}

/** @param {string} clientId */
export function again(clientId) {
  keep(letters().map(({ failed, ...letter }) => (letter.client_id === clientId || !failed ? letter : { ...letter, failed })));
  void flush();
}

/** Send what waits, oldest first. One tab at a time does it; the others see what happens by their frames. */
export async function flush() {
  if (busy) return;
  busy = true;
  try {
    if (navigator.locks) await navigator.locks.request(KEY, sendAll);
    else await sendAll();
  } finally {
    busy = false;
  }
  if (letters().some((letter) => !letter.failed)) {
    attempt += 1;
    setTimeout(flush, backoff(attempt, 800, 15_000));
  } else attempt = 0;
}

async function sendAll() {
  for (const letter of letters()) {
    if (letter.failed) continue;
    try {
      const answer = await request(`/api/v1/channels/${letter.channel}/posts`, {
        json: {
          body: letter.body,
          root_id: letter.root,
          client_id: letter.client_id,
          attachment_ids: letter.attachments.map((file) => file.id),
          alts: letter.attachments.map((file) => file.alt),
        },
      });
      const made = await answer.json();
      discard(letter.client_id);
      tell("sent", { letter, post: made });
    } catch (error) {
      if (error instanceof Problem && !error.passing) {
        keep(letters().map((other) => (other.client_id === letter.client_id ? { ...other, failed: error.message } : other)));
        tell("refused", { letter, sentence: error.message });
      } else {
        if (error instanceof Problem && error.status === 429) tell("waiting", { letter, sentence: error.message });
        return;
      }
    }
  }
}

/**
 * @param {string} name
 * @param {object} detail
 */
function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(`outbox:${name}`, { detail }));
}

/** Send what an earlier page left, and whatever waits when the connection is back. */
export function start() {
  void flush();
  addEventListener("online", () => { attempt = 0; void flush(); });
  document.addEventListener("live:resumed", () => { attempt = 0; void flush(); });
}
