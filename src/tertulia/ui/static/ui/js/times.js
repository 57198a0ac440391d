/**
 * Times in the reader's zone and language: of fragments that arrive over the wire, and relative ones while a page stays open.
 */
import { all, words } from "ui/dom";

const STEPS = /** @type {const} */ ([[60, "minute"], [3600, "hour"], [86_400, "day"]]);
const language = document.documentElement.lang || "en";
// Plain English writes the day before the month here, as the server's words do.
const locale = language === "en" ? "en-GB" : language;
const timeZone = document.documentElement.dataset.zone || "UTC";

/** @param {Intl.DateTimeFormatOptions} options */
const format = (options) => new Intl.DateTimeFormat(locale, { timeZone, ...options });
const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const full = format({ day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = format({ weekday: "long", day: "numeric", month: "long" });
const dayAndYear = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const date = format({ day: "numeric", month: "short" });
const dateAndYear = format({ day: "numeric", month: "short", year: "numeric" });
const year = format({ year: "numeric" });

/**
 * @param {number} seconds since the moment
 * @returns {string | null} null for the future, or a week and more
 */
export function ago(seconds) {
  if (seconds < 0 || seconds >= 7 * 86_400) return null;
  if (seconds < 60) return words("justNow");
  const [size, unit] = STEPS.findLast(([limit]) => seconds >= limit) ?? STEPS[0];
  return new Intl.RelativeTimeFormat(language, { numeric: "always" }).format(-Math.floor(seconds / size), unit);
}

/**
 * A moment in words, as the server's `time_tag` has it.
 * @param {Date} moment
 * @param {string} style time, day, full or relative
 * @returns {string}
 */
export function inWords(moment, style) {
  if (style === "time") return clock.format(moment);
  if (style === "full") return full.format(moment);
  const thisYear = year.format(moment) === year.format(new Date());
  if (style === "day") return (thisYear ? day : dayAndYear).format(moment);
  return ago((Date.now() - moment.getTime()) / 1000) ?? (thisYear ? date : dateAndYear).format(moment);
}

/**
 * Write all times of a part of the page for this reader.
 * @param {ParentNode} root
 */
export function localise(root) {
  for (const element of all("time[data-style]", root)) {
    const moment = new Date(/** @type {HTMLTimeElement} */ (element).dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    element.textContent = inWords(moment, element.dataset.style ?? "time");
    element.title = full.format(moment);
  }
}

/**
 * Write relative times anew.
 * @param {ParentNode} [root]
 */
export function refresh(root = document) {
  for (const element of all("time[data-style=relative]", root)) {
    const text = ago((Date.now() - Date.parse(/** @type {HTMLTimeElement} */ (element).dateTime)) / 1000);
    if (text && element.textContent !== text) element.textContent = text;
  }
}

/** Once a minute, while somebody looks. */
export function start() {
  setInterval(() => { if (!document.hidden) refresh(); }, 60_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
