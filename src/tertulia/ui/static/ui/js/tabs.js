/**
 * Where the row of tabs is wider than the screen, the current one is scrolled into it.
 */
document.querySelector(".tabs [aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "center" });
