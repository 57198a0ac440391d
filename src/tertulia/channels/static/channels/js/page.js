/**
 * Pages of channels beside the sidebar (not conversations, which `posts` keeps live): the sidebar and the doors on them
 * stay true, and whoever is taken out of the channel whose page this is goes home.
 */
import * as live from "live/live";
import { all, on, one } from "ui/dom";
import { leaveFor } from "ui/http";

function watch() {
  live.watch(all("[data-presence]").map((face) => face.dataset.presence ?? ""));
}

on(document, "live:presence", "", ({ detail }) => {
  for (const [who, door] of Object.entries(detail.people)) {
    for (const face of all(`[data-presence="${CSS.escape(who)}"]`)) face.dataset.door = door;
  }
});
on(document, "live:left", "", ({ detail }) => {
  const head = one("#sidebar-head");
  if (head && head.dataset.current === detail.channel) void leaveFor(head.dataset.home ?? "/", "/");
});
for (const happened of ["channels:sidebar", "htmx:afterSettle"]) on(document, happened, "", watch);

live.start();
watch();
