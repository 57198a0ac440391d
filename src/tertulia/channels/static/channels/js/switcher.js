/**
 * The quick switcher (Ctrl/Cmd-K): a search over channels, people and workspaces, moved through by the arrow keys.
 */
import Combobox from "@github/combobox-nav";
import { html, on, one } from "ui/dom";
import { Problem, request } from "ui/http";
import { shortcut } from "ui/keys";
import { toast } from "ui/toasts";

const PAUSE = 60;

const dialog = /** @type {HTMLDialogElement | null} */ (one("#switcher"));
const place = one("#switcher-choices");
/** @type {HTMLInputElement | null} */
const input = dialog && one("input[type=search]", dialog);

/** @type {Combobox | null} */
let combobox = null;
/** @type {AbortController | null} */
let asking = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/** Ask the server for what the field says now, and show it. */
async function search() {
  if (!input?.form || !place) return;
  asking?.abort();
  const mine = asking = new AbortController();
  let answer;
  try {
    const url = `${input.form.action}?${new URLSearchParams({ q: input.value })}`;
    answer = await request(url, { headers: { "X-Part": "switcher" }, signal: mine.signal });
  } catch (error) {
    if (error instanceof Problem) toast(error.message, { level: "error" });
    return;
  }
  const found = html(await answer.text());
  if (mine.signal.aborted) return;
  combobox?.destroy();
  combobox = null;
  place.replaceChildren(found);
  const list = one("[role=listbox]", place);
  if (!list) return;
  combobox = new Combobox(input, list, { tabInsertsSuggestions: false, firstOptionSelectionMode: "selected" });
  combobox.start();
}

function open() {
  if (!dialog || !input || dialog.open) return;
  dialog.showModal();
  input.select();
  void search();
}

if (dialog && input && place) {
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => void search(), PAUSE);
  });
  // Enter chooses from the list; the form itself leads to the page for those without scripts.
  input.form?.addEventListener("submit", (event) => event.preventDefault());
  on(document, "click", "[data-switcher]", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open();
  });
  // Also while writing, where @github/hotkey keeps still and an editor may want the same keys: this one comes first.
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (dialog.open) dialog.close();
    else open();
  }, { capture: true });
  shortcut("Mod+k", place.dataset.shortcut ?? "", open);
}
