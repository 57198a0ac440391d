/**
 * Runs on every page: sets htmx up for our strict policy and wires what HTML attributes ask for.
 */
import htmx from "htmx.org";
import * as dialogs from "ui/dialogs";
import { all, on, one, words } from "ui/dom";
import { csrfToken } from "ui/http";
import * as keys from "ui/keys";
import * as times from "ui/times";
import * as toasts from "ui/toasts";

// Nothing inline, nothing evaluated, nothing from elsewhere; pages are not kept in local storage.
Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollBehavior: "auto",
});

on(document, "htmx:configRequest", "", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
});
// Refusals come with a place of their own (`HX-Retarget`), forms with errors as 422. Other failures become a toast.
on(document, "htmx:beforeSwap", "", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400) return;
  const meant = xhr.status === 422 || Boolean(xhr.getResponseHeader("HX-Retarget"));
  event.detail.shouldSwap = meant;
  if (!meant) toasts.toast(words("failed"), { level: "error" });
});
on(document, "htmx:sendError", "", () => toasts.toast(words("offline"), { level: "error" }));
on(document, "htmx:load", "", (event) => { if (event.detail?.elt instanceof Element) times.refresh(event.detail.elt); });

// One pane at a time on a phone; the same links work by URL without scripts.
on(document, "click", "[data-pane-to]", (event, link) => {
  const shell = one("#shell");
  const pane = link.dataset.paneTo;
  if (!shell || !pane || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!link.hasAttribute("hx-get")) event.preventDefault();
  shell.dataset.pane = pane;
});
on(document, "click", "[data-close-side]", (event) => {
  const side = one("#side");
  const shell = one("#shell");
  if (!side || !shell) return;
  event.preventDefault();
  side.replaceChildren();
  shell.dataset.pane = "main";
  document.dispatchEvent(new CustomEvent("ui:side-closed"));
});

on(document, "change", "select[data-autosubmit], [data-autosubmit] :is(select, input[type=checkbox], input[type=radio])", (_event, field) => {
  /** @type {HTMLFormElement | null} */ (field.closest("form"))?.requestSubmit();
});
on(document, "click", "[data-copy]", async (_event, button) => {
  const source = button.dataset.copy || /** @type {HTMLInputElement | null} */ (one(button.dataset.copyFrom ?? "[data-copy-source]"))?.value || "";
  try {
    await navigator.clipboard.writeText(source);
    toasts.toast(words("copied"), { level: "success" });
  } catch {
    toasts.toast(words("failed"), { level: "error" });
  }
});
on(document, "click", "[data-theme-to]", (_event, button) => {
  const theme = button.dataset.themeTo ?? "auto";
  document.documentElement.dataset.theme = theme;
  document.cookie = `tertulia_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  for (const other of all("[data-theme-to]")) other.setAttribute("aria-pressed", String(other.dataset.themeTo === theme));
});
on(document, "change", "input[name=theme]", (_event, field) => {
  document.documentElement.dataset.theme = /** @type {HTMLInputElement} */ (field).value;
});

// django-allauth tells of a passkey that was refused or cancelled.
on(document, "allauth.error", "", (event) => {
  event.preventDefault();
  toasts.toast(words("passkey"), { level: "warning" });
});

dialogs.start();
toasts.start();
keys.start();
times.start();
