/**
 * Small helpers over the document. Everything else imports these instead of writing them again.
 */

/** The signed-in person's id, or "" for visitors. */
export const person = document.body.dataset.person ?? "";

/**
 * The one element a selector finds, or null.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T | null}
 */
export function one(selector, root = document) {
  return /** @type {T | null} */ (root.querySelector(selector));
}

/**
 * All elements a selector finds, the root itself included when it matches.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T[]}
 */
export function all(selector, root = document) {
  const found = /** @type {T[]} */ ([...root.querySelectorAll(selector)]);
  if (root instanceof Element && root.matches(selector)) found.unshift(/** @type {T} */ (/** @type {unknown} */ (root)));
  return found;
}

/**
 * Listen on `target`; with a selector only for events from inside matching elements (so that later ones count too).
 * @param {EventTarget} target
 * @param {string} type
 * @param {string} selector "" for the target itself
 * @param {(event: any, element: HTMLElement) => void} listener called with the event and the matching element
 * @returns {() => void} stops listening
 */
export function on(target, type, selector, listener) {
  /** @param {Event} event */
  const heard = (event) => {
    if (!selector) return listener(event, /** @type {HTMLElement} */ (event.currentTarget));
    const element = event.target instanceof Element ? event.target.closest(selector) : null;
    if (element) listener(event, /** @type {HTMLElement} */ (element));
  };
  target.addEventListener(type, heard);
  return () => target.removeEventListener(type, heard);
}

/**
 * Elements from HTML that our own server rendered. Never pass it what a person typed.
 * @param {string} text
 * @returns {DocumentFragment}
 */
export function html(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  return template.content;
}

/**
 * A translated sentence that `base.html` brought along.
 * @param {"offline" | "failed" | "copied" | "undo" | "justNow" | "passkey"} name
 * @returns {string}
 */
export function words(name) {
  return one("#ui-words")?.dataset[name] ?? "";
}

/**
 * Whether somebody is typing into this element.
 * @param {EventTarget | null} target
 * @returns {boolean}
 */
export function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
