/**
 * Keeps the sidebar true while the page is open: counts change in place, everything else fetches it again.
 */
import { all, html, on, one, person } from "ui/dom";
import { request } from "ui/http";

const PAUSE = 150;
/** A change of the workspace reaches everybody at once; nobody needs it that soon. */
const SPREAD = 2_000;
/** What is said in the conversation in sight is read within a moment; its row does not flash. */
const GLANCE = 1_500;

/** Channels that are not in this sidebar: another workspace's, whose dot is shown already. @type {Set<string>} */
const elsewhere = new Set();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/**
 * @param {string} channel
 * @returns {HTMLElement[]}
 */
function rows(channel) {
  return all(`.sidebar .channel-row[data-channel="${CSS.escape(channel)}"]`);
}

/**
 * Note on a row how much waits in its channel, and show it, at once or in a moment.
 * @param {HTMLElement} row
 * @param {number} unread
 * @param {number} mentions
 * @param {boolean} [inSight]
 */
function mark(row, unread, mentions, inSight = false) {
  row.dataset.unreadCount = String(unread);
  row.dataset.mentions = String(mentions);
  if (inSight) setTimeout(() => draw(row), GLANCE);
  else draw(row);
}

/** @param {HTMLElement} row */
function draw(row) {
  const [unread, mentions] = [Number(row.dataset.unreadCount), Number(row.dataset.mentions)];
  const direct = row.dataset.kind === "direct";
  const muted = "muted" in row.dataset;
  const bold = mentions > 0 || (unread > 0 && !muted);
  const number = direct && !muted ? unread : mentions;
  row.toggleAttribute("data-unread", bold);
  const words = one("[data-unread-words]", row);
  if (words) words.hidden = !bold;
  const count = one(".count", row);
  if (count) {
    count.textContent = String(number);
    count.hidden = number === 0;
  }
  entitle();
}

/** How much is meant for the reader, in the title of the tab: "(3) Chatter". */
function entitle() {
  const counts = all(".sidebar .channel-row .count:not([hidden]), .rail .count");
  const total = counts.reduce((sum, count) => sum + (parseInt(count.textContent ?? "", 10) || 0), 0);
  document.title = (total ? `(${total}) ` : "") + document.title.replace(/^\(\d+\) /, "");
}

/**
 * A conversation in which something was said comes before the others.
 * @param {HTMLElement} row
 */
function lift(row) {
  const first = one('.channel-row[data-kind="direct"]', row.closest("ul") ?? document);
  if (row.dataset.kind !== "direct" || !first || first === row) return;
  const focused = document.activeElement === row;
  first.closest("li")?.before(/** @type {HTMLElement} */ (row.closest("li")));
  if (focused) row.focus();
}

/** Fetch the sidebar again and put it in place; folded sections stay folded, and it does not jump. */
async function refresh() {
  const head = one("#sidebar-head");
  const sidebar = one("#sidebar");
  const url = head?.dataset.url;
  // An open menu would close under the reader's hand: later.
  if (!head || !sidebar || !url || one("#sidebar .menu:popover-open")) return later(SPREAD);
  let answer;
  try {
    const query = new URLSearchParams({ here: location.pathname + location.search });
    if (head.dataset.current) query.set("current", head.dataset.current);
    answer = await request(`${url}?${query}`);
  } catch {
    return; // the connection's banner tells of it, and coming back refreshes
  }
  const fresh = html(await answer.text());
  const rail = one("template[data-rail]", fresh);
  if (rail instanceof HTMLTemplateElement) one(".rail")?.replaceChildren(rail.content);
  rail?.remove();
  const folded = all("details", sidebar).map((section) => !/** @type {HTMLDetailsElement} */ (section).open);
  const names = all("details > summary", sidebar).map((summary) => summary.textContent);
  const top = one("#sidebar-scroll")?.scrollTop ?? 0;
  const focused = document.activeElement?.closest("#sidebar") ? document.activeElement.id : "";
  for (const face of all("[data-presence][data-door]", sidebar)) {
    const same = all(`[data-presence="${CSS.escape(face.dataset.presence ?? "")}"]`, fresh);
    for (const copy of same) copy.dataset.door = face.dataset.door ?? "";
  }
  sidebar.replaceChildren(fresh);
  for (const section of /** @type {HTMLDetailsElement[]} */ (all("details", sidebar))) {
    const before = names.indexOf(one("summary", section)?.textContent ?? "");
    if (before >= 0 && folded[before]) section.open = false;
  }
  const scroll = one("#sidebar-scroll");
  if (scroll) scroll.scrollTop = top;
  if (focused) document.getElementById(focused)?.focus();
  entitle();
  document.dispatchEvent(new CustomEvent("channels:sidebar"));
}

/** @param {number} [milliseconds] */
function later(milliseconds = PAUSE) {
  clearTimeout(waiting);
  waiting = setTimeout(() => void refresh(), milliseconds);
}

on(document, "live:activity", "", ({ detail }) => {
  const mentioned = detail.mentions.filter((/** @type {string} */ who) => who === person).length;
  const found = rows(detail.channel);
  if (!found.length) {
    if (!mentioned && elsewhere.has(detail.channel)) return;
    elsewhere.add(detail.channel);
    return later();
  }
  const others = detail.authors.filter((/** @type {string} */ author) => author !== person).length;
  for (const row of found) {
    const [unread, mentions] = [Number(row.dataset.unreadCount), Number(row.dataset.mentions)];
    // Something older went, or calls somebody now: only the server knows what is left of it.
    if (detail.recount && (unread || mentions)) later(PAUSE + Math.random() * SPREAD);
    if (detail.last_seq <= Number(row.dataset.lastSeq)) continue; // this sidebar was made later
    const grown = Math.max(0, detail.root_count - Number(row.dataset.rootCount));
    counted(row, detail);
    lift(row);
    const inSight = row.hasAttribute("aria-current") && !document.hidden;
    mark(row, unread + Math.min(grown, others), mentions + mentioned, inSight);
  }
});

/**
 * Note up to where the counts of a row go.
 * @param {HTMLElement} row
 * @param {{root_count: number, last_seq: number}} told
 */
function counted(row, told) {
  row.dataset.rootCount = String(Math.max(told.root_count, Number(row.dataset.rootCount)));
  row.dataset.lastSeq = String(Math.max(told.last_seq, Number(row.dataset.lastSeq)));
}

on(document, "live:read", "", ({ detail }) => {
  const found = rows(detail.channel);
  for (const row of found) {
    counted(row, detail);
    mark(row, detail.unread, detail.mentions);
  }
  if (!found.length) later(); // read in another workspace's tab: its dot may go
});

on(document, "live:sidebar", "", ({ detail }) => {
  elsewhere.clear();
  later(detail.workspace ? PAUSE + Math.random() * SPREAD : PAUSE);
});
for (const happened of ["live:joined", "live:resumed"]) {
  on(document, happened, "", () => { elsewhere.clear(); later(); });
}
// Something was said between the making of this page and its connection.
on(document, "live:started", "", ({ detail }) => {
  const rows_ = all(".sidebar .channel-row[data-channel]");
  if (rows_.some((row) => detail.channels[row.dataset.channel ?? ""] !== Number(row.dataset.lastSeq))) later();
});
on(document, "live:channel", "", ({ detail }) => { if (rows(detail.channel).length) later(); });
on(document, "live:left", "", () => later());
entitle();
