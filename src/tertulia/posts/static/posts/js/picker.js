/** The emoji picker: fetched once, searched as one types, walked by arrow keys. */
import { place } from "posts/actions";
import { all, html, on, one } from "ui/dom";
import { request } from "ui/http";
import { toast } from "ui/toasts";

/** @type {((emoji: string) => void) | null} */
let chosen = null;

/** @returns {Promise<HTMLElement | null>} */
async function element() {
  const there = one("#emoji-picker");
  if (there) return there;
  const answer = await request("/emoji");
  const made = one("#emoji-picker", html(await answer.text()));
  if (!made) return null;
  document.body.append(made);
  on(made, "click", ".picker-emoji", (_event, button) => {
    made.hidePopover();
    chosen?.(button.dataset.emoji ?? button.textContent?.trim() ?? "");
  });
  on(made, "input", "input", (_event, field) => filter(made, /** @type {HTMLInputElement} */ (field).value));
  made.addEventListener("keydown", (event) => walk(made, event));
  return made;
}

/**
 * Let somebody choose an emoji.
 * @param {HTMLElement} beside where to show it
 * @param {(emoji: string) => void} then
 */
export async function open(beside, then) {
  try {
    const made = await element();
    if (!made) return;
    chosen = then;
    made.showPopover();
    place(made, beside);
    const search = /** @type {HTMLInputElement | null} */ (one("input", made));
    if (search) { search.value = ""; filter(made, ""); search.focus(); }
  } catch (error) {
    toast(error instanceof Error ? error.message : "", { level: "error" });
  }
}

/**
 * @param {HTMLElement} made
 * @param {string} text
 */
function filter(made, text) {
  const wanted = text.trim().toLowerCase();
  for (const button of all(".picker-emoji", made)) button.hidden = wanted !== "" && !button.title.toLowerCase().includes(wanted);
  for (const group of all(".picker-group", made)) group.hidden = wanted !== "";
}

/**
 * @param {HTMLElement} made
 * @param {KeyboardEvent} event
 */
function walk(made, event) {
  const buttons = all(".picker-emoji:not([hidden])", made).filter((button) => button.offsetParent !== null);
  const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (event.key === "Enter" && at < 0) { event.preventDefault(); buttons[0]?.click(); return; }
  const perRow = Math.max(1, buttons.filter((button) => button.offsetTop === buttons[0]?.offsetTop).length);
  const rtl = document.documentElement.dir === "rtl" ? -1 : 1;
  const step = { ArrowRight: rtl, ArrowLeft: -rtl, ArrowDown: perRow, ArrowUp: -perRow }[event.key];
  if (step === undefined || (at < 0 && event.key !== "ArrowDown")) return;
  event.preventDefault();
  (at + step < 0 ? one("input", made) : buttons[at < 0 ? 0 : Math.min(at + step, buttons.length - 1)])?.focus();
}
