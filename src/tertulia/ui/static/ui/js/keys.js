/**
 * Keyboard shortcuts: registered here or by `data-hotkey` on a link or button; `?` lists them.
 */
import { install } from "@github/hotkey";
import { all, one } from "ui/dom";

/** @type {Map<string, string>} */
const known = new Map();

/**
 * Run something on a key.
 * @param {string} keys as @github/hotkey writes them: "Mod+k", "Shift+?", "g c"
 * @param {string} label what it does, for the list
 * @param {() => void} run
 */
export function shortcut(keys, label, run) {
  const button = document.createElement("button");
  button.type = "button";
  button.hidden = true;
  button.addEventListener("click", run);
  document.body.append(button);
  install(button, keys);
  known.set(keys, label);
}

/**
 * Install `data-hotkey` inside a part of the page.
 * @param {ParentNode} [root]
 */
export function scan(root = document) {
  for (const element of all("[data-hotkey]", root)) {
    install(element);
    const label = element.getAttribute("aria-label") || element.title || element.textContent?.trim();
    if (label) known.set(element.dataset.hotkey ?? "", label);
  }
}

function list() {
  const place = one("#shortcut-list");
  const dialog = /** @type {HTMLDialogElement | null} */ (one("#shortcuts"));
  if (!place || !dialog || dialog.open) return;
  const mac = /Mac|iP(hone|ad)/.test(navigator.userAgent);
  place.replaceChildren(...[...known].map(([keys, label]) => {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const meaning = document.createElement("dd");
    const key = document.createElement("kbd");
    key.textContent = (keys.split(",")[0] ?? "").replace("Mod", mac ? "⌘" : "Ctrl").replace("Shift+?", "?");
    term.append(key);
    meaning.textContent = label;
    row.append(term, meaning);
    return row;
  }));
  dialog.showModal();
}

/** Wire the page's attributes and the list itself. */
export function start() {
  scan();
  shortcut("Shift+?,?", one("#shortcut-list")?.dataset.this ?? "", list);
  document.addEventListener("htmx:load", (event) => {
    const part = /** @type {CustomEvent} */ (event).detail?.elt;
    if (part instanceof Element && part !== document.body) scan(part);
  });
}
