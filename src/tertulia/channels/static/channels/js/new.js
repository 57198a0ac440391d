/**
 * The *New channel* dialogue: while the name is typed, the URL follows it, until somebody changes the URL by hand.
 */
import { on, one } from "ui/dom";

const LONGEST = 64;

/**
 * The address that a name suggests; the server derives the same (`channels.words.derive_slug`).
 * @param {string} name
 * @returns {string}
 */
export function derive(name) {
  return name.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replaceAll("&", "-and-")
    .replace(/[^a-z0-9_]+/g, "-").replace(/-{2,}/g, "-").replace(/^[-_]+|[-_]+$/g, "")
    .slice(0, LONGEST).replace(/[-_]+$/, "");
}

on(document, "input", "[data-new-channel] [data-channel-name]", (_event, field) => {
  const name = /** @type {HTMLInputElement} */ (field);
  const slug = /** @type {HTMLInputElement | null} */ (one("[data-channel-slug]", name.form ?? document));
  if (!slug) return;
  // Emptied, it follows the name again.
  if (slug.value && slug.value !== (slug.dataset.derived ?? derive(name.defaultValue))) return;
  slug.value = derive(name.value);
  slug.dataset.derived = slug.value;
});
