/** A launch ends where cookies are blocked: the platform's storage gives back the word that it was given. */
import { ask } from "lti/storage";
import { one } from "ui/dom";

const form = /** @type {HTMLFormElement | null} */ (one("#lti-recall"));
if (form) {
  const { key = "", target = "", origin = "" } = form.dataset;
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("binding"));
  field.value = await ask({ target, origin }, "lti.get_data", key);
  form.submit();
}
