/**
 * Native dialogues: opening by attribute, questions before destructive work, a page's form in a dialogue.
 */
import htmx from "htmx.org";
import { all, html, on, one, words } from "ui/dom";
import { request } from "ui/http";
import { toast } from "ui/toasts";

/**
 * Ask a yes-or-no question.
 * @param {{title?: string | undefined, text?: string, button?: string | undefined, danger?: boolean}} question
 * @returns {Promise<boolean>}
 */
export function ask({ title, text = "", button, danger = false }) {
  const dialog = /** @type {HTMLDialogElement | null} */ (one("#ask"));
  const head = one("#ask-title");
  const body = one("#ask-text");
  const yes = dialog && one("button[value=yes]", dialog);
  if (!dialog || !head || !body || !yes) return Promise.resolve(window.confirm(text));
  head.textContent = title || head.dataset.default || "";
  body.textContent = text;
  yes.textContent = button || yes.dataset.default || "";
  yes.classList.toggle("danger", danger);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

/**
 * Show the main part of one of our pages in a dialogue. Its forms go the ordinary way: errors come back as the full page.
 * @param {string} url
 */
export async function openModal(url) {
  const dialog = /** @type {HTMLDialogElement | null} */ (one("#modal"));
  const content = one("#modal-content");
  const head = one("#modal-title");
  if (!dialog || !content || !head) { location.assign(url); return; }
  let answer;
  try {
    answer = await request(url, { headers: { Accept: "application/problem+json, text/html" } });
  } catch (error) {
    toast(error instanceof Error ? error.message : words("failed"), { level: "error" });
    return;
  }
  // Only the main part is parsed: the rest of the page brings styles of its own policy.
  const main = html((await answer.text()).match(/<main[\s>][^]*<\/main>/)?.[0] ?? "").querySelector("main");
  if (!main) { location.assign(url); return; }
  const title = main.querySelector("h1");
  head.textContent = title?.textContent?.trim() ?? "";
  main.querySelector(".page-head")?.remove();
  title?.remove();
  // A form without an address posts to the page it came from, not to the one under the dialogue.
  for (const form of main.querySelectorAll("form:not([action])")) form.setAttribute("action", answer.url || url);
  content.replaceChildren(...main.childNodes);
  htmx.process(content);
  dialog.showModal();
  one("[autofocus], input:not([type=hidden]), textarea, select", content)?.focus();
  dialog.dispatchEvent(new CustomEvent("ui:modal", { bubbles: true }));
}

/** Wire the attributes. */
export function start() {
  on(document, "click", "[data-dialog]", (_event, button) => {
    /** @type {HTMLDialogElement | null} */ (document.getElementById(button.dataset.dialog ?? ""))?.showModal();
  });
  on(document, "click", "a[data-modal]", (event, link) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    void openModal(/** @type {HTMLAnchorElement} */ (link).href);
  });
  // A click beside the dialogue closes it, as Escape does. The question wants an answer.
  on(document, "click", "dialog:not(#ask)", (event, dialog) => {
    if (event.target === dialog) /** @type {HTMLDialogElement} */ (dialog).close();
  });
  document.addEventListener("submit", (event) => void confirmSubmit(event), true);
  document.addEventListener("htmx:confirm", (event) => void confirmRequest(event));
  // Choosing from a menu closes it.
  on(document, "click", ".menu .menu-item", (_event, item) => {
    /** @type {HTMLElement | null} */ (item.closest("[popover]"))?.hidePopover();
  });
  document.addEventListener("keydown", moveInMenu);
}

/** @param {SubmitEvent} event */
async function confirmSubmit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = event.submitter;
  const holder = button?.dataset.confirm ? button : form;
  const text = holder.dataset.confirm;
  if (!text || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const danger = Boolean(button?.classList.contains("danger"));
  if (!await ask({ title: holder.dataset.confirmTitle, text, button: holder.dataset.confirmButton ?? button?.textContent?.trim(), danger })) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(button);
  delete form.dataset.confirmed;
}

/** @param {any} event htmx:confirm */
async function confirmRequest(event) {
  if (!event.detail.question) return;
  event.preventDefault();
  const danger = event.target.classList.contains("danger");
  if (await ask({ text: event.detail.question, button: event.target.dataset.confirmButton, danger })) event.detail.issueRequest(true);
}

/** @param {KeyboardEvent} event */
function moveInMenu(event) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const open = all(".menu:popover-open").at(-1);
  if (!open) return;
  const items = all(".menu-item", open);
  const now = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = event.key === "ArrowDown" ? now + 1 : now < 0 ? items.length - 1 : now - 1;
  items.at(next % items.length)?.focus();
  event.preventDefault();
}
