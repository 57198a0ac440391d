/**
 * The page of a channel: joins its timeline, thread, composers, actions and the live connection, and says how far the
 * reader has read.
 */
import htmx from "htmx.org";
import * as live from "live/live";
import * as actions from "posts/actions";
import { Composer, typeAnywhere } from "posts/composer";
import * as outbox from "posts/outbox";
import { pending } from "posts/pending";
import { Timeline } from "posts/timeline";
import * as typing from "posts/typing";
import { all, html, on, one, person } from "ui/dom";
import { leaveFor, request } from "ui/http";
import { shortcut } from "ui/keys";
import { toast } from "ui/toasts";

const READ_AFTER = 400;

const list = one("#posts");
const channel = list?.dataset.channel ?? "";
const main = list && new Timeline(list);
/** @type {Timeline | null} */
let thread = null;
let below = 0;
let readTo = Number(list?.dataset.lastRead ?? 0);
let heldBack = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let reading;

/** Where to begin: at the post of the address, at the day that was asked for, at the unread line, or at the end. */
function begin() {
  if (!main) return;
  const target = location.hash.startsWith("#post-") ? document.getElementById(location.hash.slice(1)) : null;
  const unread = one("#unread");
  if (target) { target.scrollIntoView({ block: "center" }); target.classList.add("arrived"); }
  else if (main.list.dataset.start) one(`:scope > [data-seq="${main.list.dataset.start}"]`, main.list)?.scrollIntoView({ block: "start" });
  else if (unread) unread.scrollIntoView({ block: "center" });
  else main.toEnd();
  main.arrange();
}

/** Tell the server how far the reader has come: what stands in sight, in a window that is looked at. */
function noteReading() {
  clearTimeout(reading);
  reading = setTimeout(async () => {
    if (!main || document.hidden || heldBack || !("member" in main.list.dataset) || !main.atEnd || main.hasAfter) return;
    const seq = Math.max(Number(main.list.dataset.lastSeq ?? 0), ...main.posts.map((post) => Number(post.dataset.seq ?? 0)));
    if (seq <= readTo) return;
    const before = readTo;
    readTo = seq;
    try {
      await request(`/api/v1/channels/${channel}/read`, { json: { seq } });
    } catch {
      readTo = before;
    }
  }, READ_AFTER);
}

function showBelow() {
  const button = one("#below");
  if (!button) return;
  button.hidden = below === 0;
  const words = one("span", button);
  if (words) words.textContent = (below === 1 ? button.dataset.one : button.dataset.many ?? "")?.replace("{count}", String(below)) ?? "";
}

function toEnd() {
  below = 0;
  showBelow();
  if (main?.hasAfter) location.assign(location.pathname);
  else main?.toEnd();
  noteReading();
}

/** @param {any} frame */
function posts(frame) {
  if (frame.channel !== channel || !main) return;
  const wasAtEnd = main.atEnd && !main.hasAfter;
  const fresh = main.apply(frame.posts).filter((post) => !post.system && post.author_id !== person);
  pending.arrived(frame.posts);
  thread?.apply(frame.posts);
  main.list.dataset.lastSeq = String(Math.max(Number(main.list.dataset.lastSeq ?? 0), ...frame.posts.map((/** @type {{seq: number}} */ post) => post.seq)));
  if (fresh.length && (!wasAtEnd || document.hidden)) { below += wasAtEnd ? 0 : fresh.length; showBelow(); }
  typing.said(frame.posts);
  if (wasAtEnd) noteReading();
  presence();
}

/** Watch the presence of everybody whose face is on the page. */
function presence() {
  live.watch(new Set(all("[data-presence]").map((face) => face.dataset.presence ?? "").filter(Boolean)));
}

/** @param {any} frame */
function doors(frame) {
  for (const [who, state] of Object.entries(frame.people)) {
    for (const face of all(`[data-presence="${CSS.escape(who)}"]`)) face.dataset.door = /** @type {string} */ (state);
  }
}

/** A thread that is on the page, or has just been brought. */
function wireThread() {
  const replies = one("#side ol.posts[data-root]");
  if (replies && thread?.list !== replies) {
    thread = new Timeline(replies);
    thread.arrange();
    thread.toEnd();
    const target = location.hash.startsWith("#side-post-") ? document.getElementById(location.hash.slice(1)) : null;
    target?.scrollIntoView({ block: "center" });
  } else if (!replies) thread = null;
  for (const form of /** @type {HTMLFormElement[]} */ (all("form.composer"))) {
    if (form.dataset.wired) continue;
    form.dataset.wired = "true";
    const composer = new Composer(form);
    if (form.closest("#side") || !matchMedia("(pointer: coarse)").matches) composer.focus();
  }
  pending.draw(main, thread);
  presence();
}

/**
 * Open a thread or another panel beside the conversation.
 * @param {string} url
 */
async function openSide(url) {
  const side = one("#side");
  const shell = one("#shell");
  if (!side || !shell) { location.assign(url); return; }
  try {
    const answer = await request(url, { headers: { "HX-Request": "true", "HX-Target": "side" } });
    side.replaceChildren(html(await answer.text()));
  } catch (error) {
    toast(error instanceof Error ? error.message : "", { level: "error" });
    return;
  }
  shell.dataset.pane = "side";
  htmx.process(side);
  history.replaceState(null, "", url);
  wireThread();
}

/** @param {any} frame */
async function channelChanged(frame) {
  if (frame.channel !== channel) return;
  try {
    const page = new DOMParser().parseFromString(await (await request(location.pathname)).text(), "text/html");
    for (const part of ["#conversation-head", ".conversation-foot"]) {
      const [now, then] = [one(part), page.querySelector(part)];
      // A composer that stays a composer stays as it is: somebody may be writing in it.
      if (!now || !then || (part === ".conversation-foot" && one("form.composer", now) && one("form.composer", then))) continue;
      now.replaceChildren(...then.childNodes);
      htmx.process(now);
    }
    wireThread();
  } catch {
    location.assign("/");
  }
}

function wireLive() {
  on(document, "live:posts", "", (event) => posts(event.detail));
  on(document, "live:presence", "", (event) => doors(event.detail));
  on(document, "live:channel", "", (event) => void channelChanged(event.detail));
  on(document, "live:reload", "", (event) => { if (event.detail.channel === channel) location.reload(); });
  on(document, "live:left", "", (event) => { if (event.detail.channel === channel) void leaveFor(list?.dataset.home ?? "/", "/"); });
  on(document, "live:joined", "", (event) => { if (event.detail.channel === channel && !("member" in (list?.dataset ?? {}))) location.reload(); });
  on(document, "live:read", "", (event) => { if (event.detail.channel === channel) readTo = event.detail.last_read_seq; });
  live.start();
  if (list) live.show(channel, Number(list.dataset.revision ?? 0));
}

/** Whoever writes in a thread follows it: the button says so. */
function followed() {
  const button = one("#follow button[aria-pressed=false]");
  if (button) document.addEventListener("outbox:sent", () => button.click(), { once: true });
}

function wirePage() {
  on(document, "click", "a.thread-summary, a[data-side]", (event, link) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    void openSide(/** @type {HTMLAnchorElement} */ (link).href);
  });
  on(document, "ui:side-closed", "", () => {
    thread = null;
    if (list) history.replaceState(null, "", list.dataset.url ?? location.pathname);
  });
  on(document, "click", "#below", (event) => { event.preventDefault(); toEnd(); });
  on(document, "composer:sent", "", (event) => {
    heldBack = false;
    pending.draw(main, thread);
    if (event.detail.letter.root) { thread?.toEnd(); followed(); }
    else if (main?.hasAfter) location.assign(location.pathname);
    else main?.toEnd();
  });
  // Marking unread from a post holds until one comes back or writes.
  on(document, "posts:unread-from", "", (event) => { heldBack = true; main?.unreadFrom(event.detail.post); });
  main?.list.addEventListener("posts:scrolled", () => {
    if (main.atEnd) { below = 0; showBelow(); noteReading(); }
  });
  document.addEventListener("visibilitychange", noteReading);
  addEventListener("focus", noteReading);
  on(document, "change", "[data-jump-date]", (_event, field) => {
    const { value } = /** @type {HTMLInputElement} */ (field);
    if (value) location.assign(`${location.pathname}?date=${value}`);
  });
}

begin();
wirePage();
actions.start();
outbox.start();
typing.start(channel);
wireThread();
wireLive();
typeAnywhere();
noteReading();
if (main) {
  const label = main.list.dataset.endLabel ?? "";
  if (label) shortcut("Mod+End", label, toEnd);
}
