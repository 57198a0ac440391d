/** Posts that are on their way, shown at the end of the list at once; refused ones say why and can be tried again. */
import * as outbox from "posts/outbox";
import { on, one } from "ui/dom";
import { localise } from "ui/times";

/** @typedef {import("posts/timeline").Timeline} Timeline */
/** @typedef {import("posts/outbox").Letter} Letter */

/** @type {Timeline[]} */
let lists = [];

/** @param {string} clientId @returns {HTMLElement | null} */
const shown = (clientId) => one(`[data-letter="${clientId}"]`);

/** @param {Letter} letter @returns {Timeline | undefined} */
const listOf = (letter) => lists.find((list) => list.channel === letter.channel && list.root === (letter.root ?? ""));

/** @param {Letter} letter */
function draw(letter) {
  const list = listOf(letter);
  const template = /** @type {HTMLTemplateElement | null} */ (one("#pending-post"));
  if (!list || !template || (list.hasAfter && !letter.failed)) return;
  const element = shown(letter.client_id) ?? /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  element.dataset.letter = letter.client_id;
  const prose = one(".prose", element);
  if (prose) prose.textContent = letter.body || letter.attachments.map((file) => file.alt).join(" ");
  const time = /** @type {HTMLTimeElement | null} */ (one("time", element));
  if (time) { time.dateTime = new Date(letter.at).toISOString(); localise(element); }
  const failed = Boolean(letter.failed);
  if (failed) { element.dataset.failed = ""; delete element.dataset.sending; } else { element.dataset.sending = ""; delete element.dataset.failed; }
  const why = one(".post-failed", element);
  if (why) why.hidden = !failed;
  const sentence = one(".post-failed-why", element);
  if (sentence) sentence.textContent = letter.failed ?? "";
  if (!element.isConnected) list.keepPlace(() => list.list.append(element));
}

/**
 * The server has it: the real post takes the place, from the frame or, without a live connection, by asking.
 * @param {Letter} letter
 * @param {{id: string, seq: number}} made
 */
async function sent(letter, made) {
  const list = listOf(letter);
  if (list && !list.find(made.id)) {
    const element = shown(letter.client_id);
    if (element) element.dataset.becomes = made.id;
    await new Promise((done) => { setTimeout(done, 1500); });
    if (!list.find(made.id)) {
      delete list.list.dataset.hasAfter;
      list.list.dataset.hasAfter = "";
      await list.more("after");
    }
  }
  shown(letter.client_id)?.remove();
}

export const pending = {
  /**
   * Show everything that waits for these lists.
   * @param {Timeline | null} main
   * @param {Timeline | null} thread
   */
  draw(main, thread) {
    lists = [main, thread].filter((list) => list !== null);
    for (const letter of outbox.letters()) draw(letter);
  },

  /**
   * Frames brought posts: those that were shown as on their way are here.
   * @param {{id: string}[]} posts
   */
  arrived(posts) {
    for (const post of posts) one(`[data-becomes="${post.id}"]`)?.remove();
  },
};

on(document, "outbox:sent", "", (event) => void sent(event.detail.letter, event.detail.post));
on(document, "outbox:refused", "", (event) => draw({ ...event.detail.letter, failed: event.detail.sentence }));
on(document, "click", "[data-letter] [data-again]", (_event, button) => {
  const element = button.closest("[data-letter]");
  if (element instanceof HTMLElement) outbox.again(element.dataset.letter ?? "");
});
on(document, "click", "[data-letter] [data-discard]", (_event, button) => {
  const element = button.closest("[data-letter]");
  if (!(element instanceof HTMLElement)) return;
  const letter = outbox.letters().find((kept) => kept.client_id === element.dataset.letter);
  outbox.discard(element.dataset.letter ?? "");
  element.remove();
  // The words go back to where they were written.
  const area = /** @type {HTMLTextAreaElement | null} */ (one(letter?.root ? "#side form.composer textarea" : ".conversation-foot form.composer textarea"));
  if (area && letter && !area.value) { area.value = letter.body; area.focus(); }
});
