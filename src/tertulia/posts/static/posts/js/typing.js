/** "Ana is typing…" below the conversation; goes away by itself. */
import { all, on, person } from "ui/dom";

const FADES = 5_000;

/** Who writes where: `root` or "" → name by person. @type {Map<string, Map<string, {name: string, until: number}>>} */
const writing = new Map();

function draw() {
  const now = Date.now();
  for (const form of all("form.composer")) {
    const note = form.querySelector("[data-typing]");
    if (!(note instanceof HTMLElement)) continue;
    const here = writing.get(form.dataset.root ?? "") ?? new Map();
    const names = [...here.values()].filter((one) => one.until > now).map((one) => one.name);
    const words = names.length === 0 ? "" : names.length === 1 ? note.dataset.one : names.length === 2 ? note.dataset.two : note.dataset.many;
    note.textContent = (words ?? "").replace("{a}", names[0] ?? "").replace("{b}", names[1] ?? "");
  }
}

/**
 * Those who have said it no longer write it.
 * @param {{author_id: string, root_id: string | null}[]} posts
 */
export function said(posts) {
  for (const post of posts) writing.get(post.root_id ?? "")?.delete(post.author_id);
  draw();
}

/** @param {string} channel */
export function start(channel) {
  on(document, "live:typing", "", (event) => {
    const { detail } = event;
    if (detail.channel !== channel || detail.person === person) return;
    const place = writing.get(detail.root ?? "") ?? new Map();
    place.set(detail.person, { name: detail.name, until: Date.now() + FADES });
    writing.set(detail.root ?? "", place);
    draw();
    setTimeout(draw, FADES + 50);
  });
}
