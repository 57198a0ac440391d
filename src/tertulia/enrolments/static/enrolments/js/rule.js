/**
 * The page of a rule: each line offers the values of its own key, and there are always empty lines to go on with.
 */
import { all, on, one } from "ui/dom";

on(document, "change", "[data-rule-line] select", (_event, target) => {
  const key = /** @type {HTMLSelectElement} */ (target);
  const value = /** @type {HTMLInputElement | null} */ (one("input", key.closest("[data-rule-line]") ?? document));
  value?.setAttribute("list", `values-${key.value}`);
});

on(document, "click", "[data-more-lines]", (event, target) => {
  const form = /** @type {HTMLElement | null} */ (target.closest("[data-rule-form]"));
  const lines = form ? all("[data-rule-line]", form) : [];
  const last = lines.at(-1);
  if (!last) return;
  event.preventDefault();
  const line = /** @type {HTMLElement} */ (last.cloneNode(true));
  const value = /** @type {HTMLInputElement | null} */ (one("input", line));
  const key = /** @type {HTMLSelectElement | null} */ (one("select", line));
  for (const field of [key, value]) {
    // Numbered as the server numbers them: "Line 3: what" becomes "Line 4: what".
    field?.setAttribute("aria-label", (field.getAttribute("aria-label") ?? "").replace(String(lines.length), String(lines.length + 1)));
  }
  if (value) value.value = "";
  if (key) key.value = /** @type {HTMLSelectElement | null} */ (one("select", last))?.value ?? "";
  if (key && value) value.setAttribute("list", `values-${key.value}`);
  last.after(line);
  key?.focus();
});
