/** The pages of one's own - saved, threads, drafts: posts there can be acted on as anywhere. */
import * as live from "live/live";
import * as actions from "posts/actions";
import { on } from "ui/dom";

actions.start();
live.start();
on(document, "click", "a[data-side]", (event, link) => {
  // There is no side panel here: go to the conversation.
  event.preventDefault();
  location.assign(/** @type {HTMLAnchorElement} */ (link).href);
});
