/**
 * The tab's one socket: what it shows is kept up to date, and after a lost connection it catches up by revision.
 * Frames go on as events on `document`: `live:posts`, `live:activity`, ... with the frame as `event.detail`; besides
 * them `live:started`, `live:lost` and `live:resumed`.
 */
import { one, person } from "ui/dom";
import { backoff } from "ui/http";

const PING_EVERY = 20_000;
/** A ping that has not been answered for so long: the connection is lost, whatever the browser thinks. */
const PATIENCE = 10_000;
const BANNER_AFTER = 2_000;
const TYPING_EVERY = 3_000;
/** A connection that lasted so long was a good one: the next try comes soon. */
const GOOD_AFTER = 10_000;
const SIGNED_OUT = 4401;

/** Channel → the revision up to which this tab knows it. @type {Map<string, number>} */
const shown = new Map();
/** Channels whose catching up has been answered; only then may frames move their revision on. @type {Set<string>} */
const caughtUp = new Set();
/** @type {Set<string>} */
let watched = new Set();
/** @type {WebSocket | null} */
let socket = null;
let started = false;
let attempt = 0;
let openedAt = 0;
let pingedAt = 0;
let heardAt = 0;
/** Whether this socket, and whether any, has been greeted. */
let greeted = false;
let greetedOnce = false;
let signedOut = 0;
let over = false;
let typedAt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let banner;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;

/** Whether the socket is open and signed in. */
export function connected() {
  return greeted && socket?.readyState === WebSocket.OPEN;
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
  if (wanted.size === watched.size && [...wanted].every((one_) => watched.has(one_))) return;
  watched = wanted;
  send({ t: "watch", people: [...watched] });
}

/** Open the socket and keep it open. Several scripts of a page may ask; there is one. */
export function start() {
  if (started) return;
  started = true;
  connect();
  setInterval(beat, PING_EVERY);
  addEventListener("online", soon);
  addEventListener("offline", () => lose());
  addEventListener("pageshow", (event) => { if (event.persisted) soon(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) beat(); });
}

function connect() {
  if (over || socket) return;
  clearTimeout(again);
  banner ??= setTimeout(() => showBanner(true), BANNER_AFTER);
  const opened = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  socket = opened;
  greeted = false;
  openedAt = heardAt = Date.now();
  pingedAt = 0;
  opened.addEventListener("message", (event) => { if (opened === socket) hear(JSON.parse(event.data)); });
  opened.addEventListener("close", (event) => { if (opened === socket) lost(event.code); });
}

/** @param {{t: string, [name: string]: any}} frame */
function hear(frame) {
  heardAt = Date.now();
  if (frame.t === "bye") return; // the closing code says the same
  if (frame.t === "hello") welcome(frame.person);
  else if (frame.t === "shown") {
    caughtUp.add(frame.channel);
    shown.set(frame.channel, frame.revision);
  } else if (frame.t === "left") shown.delete(frame.channel);
  tell(frame.t, frame);
  if (frame.t === "hello") {
    tell(greetedOnce || attempt > 0 ? "resumed" : "started", frame);
    greetedOnce = true;
  }
  // Only after it has been applied: what was not applied has to be asked for again.
  if (frame.t === "posts" && caughtUp.has(frame.channel)) {
    shown.set(frame.channel, Math.max(shown.get(frame.channel) ?? 0, frame.revision));
  }
}

/** @param {string} who whom the server takes this tab for */
function welcome(who) {
  if (person && who !== person) { location.reload(); return; } // somebody else signed in, in another tab
  greeted = true;
  signedOut = 0;
  clearTimeout(banner);
  banner = undefined;
  showBanner(false);
  caughtUp.clear();
  for (const [channel, revision] of shown) send({ t: "show", channel, revision });
  if (watched.size) send({ t: "watch", people: [...watched] });
  document.documentElement.dataset.live = "on";
}

/** @param {number} code */
function lost(code) {
  if (greeted) attempt = Date.now() - openedAt > GOOD_AFTER ? 0 : attempt;
  socket = null;
  greeted = false;
  document.documentElement.dataset.live = "off";
  tell("lost", {});
  if (code === SIGNED_OUT) {
    // A new password gives the browser a new session: only who is sent away twice is signed out.
    signedOut += 1;
    if (signedOut > 1) {
      over = true;
      tell("bye", {});
      location.reload();
      return;
    }
  }
  banner ??= setTimeout(() => showBanner(true), BANNER_AFTER);
  attempt += 1;
  clearTimeout(again);
  again = setTimeout(connect, backoff(attempt, 300, 15_000));
}

/** Give the socket up without waiting for the browser, which may take a minute to notice. */
function lose() {
  const dead = socket;
  if (!dead) return;
  lost(0);
  dead.close();
}

function soon() {
  attempt = 0;
  connect();
}

/** Ask for a sign of life. Timers of hidden tabs run late, so an answer is what counts, not when it is looked for. */
function beat() {
  if (!socket) { if (!document.hidden) soon(); return; }
  check();
  if (!greeted || pingedAt > heardAt) return;
  pingedAt = Date.now();
  send({ t: "ping" });
  setTimeout(check, PATIENCE + 100);
}

/** A connection that has not answered for too long is taken for lost. */
function check() {
  const asked = greeted ? pingedAt : openedAt;
  if (socket && asked >= heardAt && asked && Date.now() - asked > PATIENCE) lose();
}

/** @param {boolean} visible */
function showBanner(visible) {
  const found = one("#connection");
  if (found) found.hidden = !visible;
}

/** @param {object} frame */
function send(frame) {
  if (connected()) socket?.send(JSON.stringify(frame));
}

/**
 * @param {string} name
 * @param {object} detail
 */
function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));
}
