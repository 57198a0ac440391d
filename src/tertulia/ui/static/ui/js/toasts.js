/**
 * Short messages that go away by themselves, some with an Undo button.
 */
import { all, on, one, words } from "ui/dom";
import { request } from "ui/http";

const SECONDS = 6;
const SECONDS_WITH_UNDO = 12;

/**
 * @typedef {object} ToastOptions
 * @property {"info" | "success" | "warning" | "error"} [level]
 * @property {string | (() => void | Promise<void>)} [undo] a URL to POST to, or what to do
 * @property {string} [undoLabel]
 */

/**
 * Show a message.
 * @param {string} text
 * @param {ToastOptions} [options]
 * @returns {HTMLElement | null}
 */
export function toast(text, { level = "info", undo, undoLabel } = {}) {
  const template = /** @type {HTMLTemplateElement | null} */ (one("#toast-template"));
  const made = template?.content.firstElementChild?.cloneNode(true);
  if (!(made instanceof HTMLElement)) return null;
  made.dataset.level = level;
  const paragraph = one("p", made);
  if (paragraph) paragraph.textContent = text;
  const form = /** @type {HTMLFormElement | null} */ (one("form", made));
  if (!undo) form?.remove();
  else if (form) {
    const button = one("button", form);
    if (button && undoLabel) button.textContent = undoLabel;
    form.action = typeof undo === "string" ? undo : location.href;
    form.addEventListener("submit", (event) => { event.preventDefault(); void takeBack(made, undo); });
  }
  one("#toasts")?.append(made);
  leaveLater(made);
  return made;
}

/**
 * @param {HTMLElement} shown
 * @param {string | (() => void | Promise<void>)} undo
 */
async function takeBack(shown, undo) {
  shown.remove();
  try {
    if (typeof undo === "string") {
      await request(undo, { method: "POST" });
      document.dispatchEvent(new CustomEvent("ui:undone", { detail: { url: undo } }));
    } else await undo();
  } catch (error) {
    toast(error instanceof Error ? error.message : words("failed"), { level: "error" });
  }
}

/** @param {HTMLElement} shown */
function leaveLater(shown) {
  const seconds = one("form", shown) ? SECONDS_WITH_UNDO : SECONDS;
  const leave = () => {
    // Somebody who reads or reaches for the button keeps it.
    if (shown.matches(":hover, :focus-within")) { setTimeout(leave, 2000); return; }
    shown.classList.add("leaving");
    setTimeout(() => shown.remove(), 300);
  };
  setTimeout(leave, seconds * 1000);
}

/** Wire what the server put on the page and what htmx answers bring. */
export function start() {
  for (const shown of all("#toasts > .toast")) if (shown.dataset.level !== "error") leaveLater(shown);
  on(document, "click", "[data-dismiss]", (_event, button) => button.closest(".toast, .banner")?.remove());
  on(document, "toast", "", (event) => {
    const { text, value, ...options } = event.detail ?? {};
    toast(text ?? value ?? "", options);
  });
}
