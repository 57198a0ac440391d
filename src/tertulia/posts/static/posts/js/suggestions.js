/** Completion in the composer: `@` people and groups, `#` channels, `:` emoji. */
import "@github/text-expander-element";
import { all, html, one } from "ui/dom";
import { request } from "ui/http";

export class Suggestions {
  /** @param {HTMLFormElement} form with a `text-expander` and `data-suggest`, the address that answers `?key=@&q=an` with a list of options */
  constructor(form) {
    this.form = form;
    this.expander = one("text-expander", form);
    this.url = form.dataset.suggest ?? "";
    /** The question that is on its way. @type {AbortController | null} */
    this.asking = null;
    /** Whether Enter was pressed while it is. */
    this.entered = false;
    if (!this.expander || !this.url) return;
    this.expander.addEventListener("text-expander-change", (event) => {
      const { key, text, provide } = /** @type {CustomEvent} */ (event).detail;
      this.#forget();
      if (key !== ":" || text.length > 1) provide(this.#options(key, text));
    });
    this.expander.addEventListener("text-expander-value", (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      detail.value = detail.item.dataset.value;
    });
    this.expander.addEventListener("text-expander-activate", () => {
      // The element marks its first option just after this event.
      queueMicrotask(() => this.#shown());
    });
    // What is no longer a name asks nothing, and nothing is chosen for it; nor where nothing is wanted.
    const area = one("textarea", form);
    area?.addEventListener("input", () => this.#forget(), { capture: true });
    area?.addEventListener("keydown", (event) => { if (event.key === "Escape") this.#forget(); }, { capture: true });
  }

  /** @returns {HTMLElement | null} */
  get #marked() { return one("[role=option][aria-selected=true]", this.expander ?? undefined); }

  /**
   * Whether Enter belongs to the list: it chooses the marked option, or the first one as soon as the list is there.
   * @param {KeyboardEvent} event
   * @returns {boolean}
   */
  takesEnter(event) {
    if (!this.asking) return this.#marked !== null;
    event.preventDefault();
    this.entered = true;
    return true;
  }

  #shown() {
    // A field of several lines stays a text box: with the role of a combobox, screen readers would tell less of it.
    const area = one("textarea", this.form);
    area?.removeAttribute("role");
    area?.removeAttribute("aria-expanded");
    if (this.entered) this.#marked?.click();
    this.entered = false;
  }

  #forget() {
    this.asking?.abort();
    this.asking = null;
    this.entered = false;
  }

  /**
   * @param {string} key
   * @param {string} text
   * @returns {Promise<{matched: boolean, fragment?: HTMLElement}>} never settles if more was typed meanwhile: the
   *   element would put the older list in place of the newer, or close it
   */
  async #options(key, text) {
    const mine = this.asking = new AbortController();
    const wanted = new URL(this.url, location.href);
    wanted.searchParams.set("key", key);
    wanted.searchParams.set("q", text);
    let fragment = null;
    try {
      const answer = await request(wanted.href, { signal: mine.signal });
      fragment = one("ul", html(await answer.text()));
    } catch {
      // Without suggestions one writes the name out.
    }
    if (this.asking !== mine) return new Promise(() => undefined);
    this.asking = null;
    if (fragment && all("[role=option]", fragment).length) return { matched: true, fragment };
    if (this.entered) this.form.requestSubmit();
    this.entered = false;
    return { matched: false };
  }
}
