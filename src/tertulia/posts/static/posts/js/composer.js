/**
 * The place to write: grows with the text, keeps a draft, suggests people, channels and emoji, takes files, shows a
 * preview, and hands what is sent to the outbox. Without scripts the same form is posted as it is.
 */
import "@github/markdown-toolbar-element";
import * as live from "live/live";
import * as picker from "posts/picker";
import { Tray } from "posts/tray";
import * as outbox from "posts/outbox";
import { Suggestions } from "posts/suggestions";
import { isField, on, one } from "ui/dom";
import { request } from "ui/http";
import { toast } from "ui/toasts";

const DRAFT_AFTER = 1_000;

export class Composer {
  /** @param {HTMLFormElement} form with `data-channel`, perhaps `data-root`, `data-draft`, `data-preview`, `data-suggest` */
  constructor(form) {
    this.form = form;
    this.channel = form.dataset.channel ?? "";
    this.root = form.dataset.root || null;
    this.area = /** @type {HTMLTextAreaElement} */ (one("textarea", form));
    this.tray = new Tray(form);
    this.saved = this.area.value;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.draftLater = undefined;
    this.#restore();
    this.suggestions = new Suggestions(form);
    form.addEventListener("submit", (event) => this.#submit(event));
    this.area.addEventListener("keydown", (event) => this.#key(event));
    this.area.addEventListener("input", () => this.#typed());
    addEventListener("pagehide", () => this.saveDraft());
    on(form, "click", "[data-preview-toggle]", (_event, button) => void this.#preview(button));
    on(form, "click", "[data-send-later]", () => void this.#later());
    on(form, "click", "[data-emoji-for]", (_event, button) => void picker.open(button, (emoji) => this.#insert(emoji)));
  }

  get localKey() { return `tertulia:draft:${this.channel}:${this.root ?? ""}`; }

  focus() { this.area.focus({ preventScroll: true }); }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    this.send();
  }

  /** Hand what is written to the outbox and clear the place for the next. */
  send() {
    const body = this.area.value.trim();
    if (this.tray.busy) { toast(this.form.dataset.waitFiles ?? "", { level: "warning" }); return; }
    if (!body && !this.tray.files.length) { this.focus(); return; }
    const longest = Number(this.area.dataset.longest ?? 40_000);
    if (body.length > longest) {
      toast((this.form.dataset.tooLong ?? "").replace("{limit}", String(longest)).replace("{length}", String(body.length)), { level: "error" });
      return;
    }
    const letter = outbox.post({ channel: this.channel, root: this.root, body, attachments: this.tray.files });
    this.form.dispatchEvent(new CustomEvent("composer:sent", { bubbles: true, detail: { letter } }));
    this.clear();
  }

  clear() {
    clearTimeout(this.draftLater);
    this.area.value = "";
    this.saved = "";
    this.tray.clear();
    this.#closePreview();
    try { localStorage.removeItem(this.localKey); } catch { /* nothing kept, nothing to remove */ }
    void this.#store("");
    this.focus();
  }

  /** @param {string} text put in at the caret, as if it had been typed */
  #insert(text) {
    this.focus();
    this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
    this.#typed();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // While something is suggested Enter belongs to that; while composing characters (IME) it belongs to them.
    if (event.key !== "Enter" || event.isComposing || event.defaultPrevented || this.suggestions.takesEnter(event)) return;
    const phone = matchMedia("(pointer: coarse)").matches;
    const fenced = (this.area.value.slice(0, this.area.selectionStart).match(/^```/gm)?.length ?? 0) % 2 === 1;
    if (event.ctrlKey || event.metaKey || (!event.shiftKey && !phone && !fenced)) {
      event.preventDefault();
      this.send();
    }
  }

  #typed() {
    if (this.area.value.trim()) live.typing(this.channel, this.root);
    try { localStorage.setItem(this.localKey, this.area.value); } catch { /* the server keeps it too */ }
    clearTimeout(this.draftLater);
    this.draftLater = setTimeout(() => this.saveDraft(), DRAFT_AFTER);
  }

  /** What this browser kept is newer than what the server has. */
  #restore() {
    try {
      const kept = localStorage.getItem(this.localKey);
      if (kept && !this.area.value) this.area.value = kept;
    } catch { /* storage is closed to us */ }
  }

  saveDraft() {
    clearTimeout(this.draftLater);
    if (this.area.value !== this.saved) void this.#store(this.area.value);
  }

  /** @param {string} body */
  async #store(body) {
    if (!this.form.dataset.draft) return;
    try {
      await request(this.form.dataset.draft, { method: "PUT", json: { body, root_id: this.root }, keepalive: body.length < 10_000 });
      this.saved = body;
    } catch {
      // The browser has it; the next word tries again.
    }
  }

  /** @param {HTMLElement} button */
  async #preview(button) {
    const place = one(".preview", this.form);
    if (!place) return;
    if (!place.hidden) { this.#closePreview(); this.focus(); return; }
    try {
      const answer = await request(this.form.dataset.preview ?? "", { form: new URLSearchParams({ body: this.area.value }) });
      place.innerHTML = await answer.text();
      place.hidden = false;
      this.area.hidden = true;
      button.setAttribute("aria-pressed", "true");
    } catch (error) {
      toast(error instanceof Error ? error.message : "", { level: "error" });
    }
  }

  #closePreview() {
    const place = one(".preview", this.form);
    if (place) { place.hidden = true; place.replaceChildren(); }
    this.area.hidden = false;
    one("[data-preview-toggle]", this.form)?.setAttribute("aria-pressed", "false");
  }

  async #later() {
    const field = /** @type {HTMLInputElement | null} */ (one("[data-send-at]", this.form));
    const at = field?.value ? new Date(field.value) : null;
    if (!at || !this.area.value.trim()) { (at ? this.area : field)?.focus(); return; }
    try {
      await request(this.form.dataset.schedule ?? "", {
        json: { body: this.area.value, root_id: this.root, send_at: at.toISOString(), attachment_ids: this.tray.files.map((file) => file.id) },
      });
      /** @type {HTMLElement | null} */ (field?.closest("[popover]"))?.hidePopover();
      toast(this.form.dataset.scheduled ?? "", { level: "success" });
      this.clear();
    } catch (error) {
      toast(error instanceof Error ? error.message : "", { level: "error" });
    }
  }
}

/** A letter typed anywhere goes to the composer, as people expect of a conversation. */
export function typeAnywhere() {
  document.addEventListener("keydown", (event) => {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || event.key === "?" || event.key === " ") return;
    const target = /** @type {Element | null} */ (event.target);
    if (isField(target) || target?.closest("button, a, [role=menuitem], dialog, summary") || document.querySelector("dialog[open], :popover-open")) return;
    one("#side form.composer textarea, .conversation-foot form.composer textarea")?.focus();
  });
}
