/**
 * The tab's one socket: what it shows is kept up to date, and after a lost connection it catches up by revision.
 * Frames go on as events on `document`: `live:posts`, `live:activity`, ... with the frame as `event.detail`.
 */
import { one } from "ui/dom";
import { backoff } from "ui/http";

const PING_EVERY = 20_000;
const SILENCE = 45_000;
const BANNER_AFTER = 2_000;
const TYPING_EVERY = 3_000;

/** Channel → the revision up to which this tab knows it. @type {Map<string, number>} */
const shown = new Map();
/** Channels whose catching up has been answered; only then may frames move their revision on. @type {Set<string>} */
const caughtUp = new Set();
/** @type {Set<string>} */
let watched = new Set();
/** @type {WebSocket | null} */
let socket = null;
let attempt = 0;
let heardAt = 0;
let greeted = false;
let over = false;
let typedAt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let banner;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;

/** Whether the socket is open and signed in. */
export function connected() {
  return socket?.readyState === WebSocket.OPEN;
}

/**
 * Keep a channel's posts up to date from here on.
 * @param {string} channel
 * @param {number} revision what the page was made with
 */
export function show(channel, revision) {
  shown.set(channel, revision);
  caughtUp.delete(channel);
  send({ t: "show", channel, revision });
}

/** @param {string} channel */
export function hide(channel) {
  shown.delete(channel);
  send({ t: "hide", channel });
}

/**
 * Say that one is writing; told on at most every three seconds.
 * @param {string} channel
 * @param {string | null} root
 */
export function typing(channel, root) {
  if (Date.now() - typedAt < TYPING_EVERY) return;
  typedAt = Date.now();
  send({ t: "typing", channel, root });
}

/**
 * Hear whether these people are here, instead of those before.
 * @param {Iterable<string>} people
 */
export function watch(people) {
  const wanted = new Set([...people].slice(0, 200));
  if (wanted.size === watched.size && [...wanted].every((person) => watched.has(person))) return;
  watched = wanted;
  send({ t: "watch", people: [...watched] });
}

/** Open the socket and keep it open. */
export function start() {
  connect();
  setInterval(beat, PING_EVERY);
  addEventListener("online", soon);
  addEventListener("offline", () => socket?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) soon(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) beat(); });
}

function connect() {
  if (over || (socket && socket.readyState <= WebSocket.OPEN)) return;
  clearTimeout(again);
  const opened = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  socket = opened;
  opened.addEventListener("message", (event) => { if (opened === socket) hear(JSON.parse(event.data)); });
  opened.addEventListener("close", () => { if (opened === socket) lost(); });
}

/** @param {{t: string, [name: string]: any}} frame */
function hear(frame) {
  heardAt = Date.now();
  if (frame.t === "hello") welcome();
  else if (frame.t === "shown") {
    caughtUp.add(frame.channel);
    shown.set(frame.channel, frame.revision);
  } else if (frame.t === "bye") over = true;
  tell(frame.t, frame);
  // Only after it has been applied: what was not applied has to be asked for again.
  if (frame.t === "posts" && caughtUp.has(frame.channel)) {
    shown.set(frame.channel, Math.max(shown.get(frame.channel) ?? 0, frame.revision));
  }
}

function welcome() {
  attempt = 0;
  clearTimeout(banner);
  banner = undefined;
  const shownBanner = one("#connection");
  if (shownBanner) shownBanner.hidden = true;
  caughtUp.clear();
  for (const [channel, revision] of shown) send({ t: "show", channel, revision });
  if (watched.size) send({ t: "watch", people: [...watched] });
  document.documentElement.dataset.live = "on";
  tell(greeted ? "resumed" : "started", {});
  greeted = true;
}

function lost() {
  socket = null;
  document.documentElement.dataset.live = "off";
  tell("lost", {});
  if (over) return;
  banner ??= setTimeout(() => {
    const shownBanner = one("#connection");
    if (shownBanner) shownBanner.hidden = false;
  }, BANNER_AFTER);
  attempt += 1;
  again = setTimeout(connect, backoff(attempt, 300, 15_000));
}

function soon() {
  attempt = 0;
  if (!connected()) connect();
}

/** Ask for a sign of life; a connection that has been silent for too long is taken for lost. */
function beat() {
  if (!connected()) { if (!document.hidden) soon(); return; }
  if (Date.now() - heardAt > SILENCE) socket?.close();
  else send({ t: "ping" });
}

/** @param {object} frame */
function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

/**
 * @param {string} name
 * @param {object} detail
 */
function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));
}
