/** A launch begins: the platform's storage keeps the word by which it ends in the same browser, then on to the platform. */
import { ask } from "lti/storage";
import { one } from "ui/dom";

const page = one("#lti-begin");
if (page) {
  const { key = "", value = "", target = "", origin = "", next = "" } = page.dataset;
  await ask({ target, origin }, "lti.put_data", key, value);
  location.replace(next);
}
