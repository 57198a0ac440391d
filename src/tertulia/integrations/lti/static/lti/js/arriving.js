/** In the platform's frame: if this browser keeps our cookie here, on to the page; else the button stays. */
import { one } from "ui/dom";

const page = one("#lti-arriving");
if (page) {
  const { marker = "", ask = "", next = "/" } = page.dataset;
  const answer = await fetch(`${ask}?marker=${encodeURIComponent(marker)}`, { credentials: "same-origin" });
  const said = answer.ok ? await answer.json() : { arrived: false };
  if (said.arrived) location.replace(next);
}
