/**
 * What people do to a post: react, open its menu, edit in place, reply in a thread. Menus come from the server, which
 * knows what this reader may; shared fragments hold nothing of the kind.
 */
import htmx from "htmx.org";
import * as picker from "posts/picker";
import { html, on, one, person } from "ui/dom";
import { request } from "ui/http";
import { toast } from "ui/toasts";

/** @param {unknown} error */
const complain = (error) => toast(error instanceof Error ? error.message : "", { level: "error" });

/** @param {Element} element @returns {HTMLElement | null} */
const postOf = (element) => element.closest("[data-post]");

/**
 * Add or take back one's own reaction. Shown at once, put right by the frame that follows.
 * @param {HTMLElement} post
 * @param {string} emoji
 * @param {HTMLElement | null} [button]
 */
async function react(post, emoji, button = null) {
  const people = new Set((button?.dataset.people ?? "").split(" ").filter(Boolean));
  const mine = people.has(person);
  if (button) mark(button, people, !mine);
  try {
    await request(`/api/v1/posts/${post.dataset.post}/reactions/${encodeURIComponent(emoji)}`, { method: mine ? "DELETE" : "PUT" });
  } catch (error) {
    if (button) mark(button, people, mine);
    complain(error);
  }
}

/**
 * @param {HTMLElement} button
 * @param {Set<string>} people
 * @param {boolean} mine
 */
function mark(button, people, mine) {
  const count = one(".reaction-count", button);
  const before = Number(count?.textContent ?? people.size);
  if (count && people.has(person) !== mine) count.textContent = String(Math.max(0, before + (mine ? 1 : -1)));
  if (mine) people.add(person); else people.delete(person);
  button.dataset.people = [...people].join(" ");
}

/**
 * The menu of a post, beside the link that opened it.
 * @param {HTMLElement} link
 */
async function openMenu(link) {
  const post = postOf(link);
  const menu = one("#post-menu");
  if (!post || !menu) return;
  try {
    const answer = await request(`/posts/${post.dataset.post}/actions`, { headers: { "HX-Request": "true" } });
    menu.replaceChildren(html(await answer.text()));
  } catch (error) {
    complain(error);
    return;
  }
  menu.dataset.of = post.id;
  htmx.process(menu);
  menu.showPopover();
  place(menu, link);
  one(".menu-item", menu)?.focus();
}

/**
 * @param {HTMLElement} menu
 * @param {HTMLElement} beside
 */
export function place(menu, beside) {
  const at = beside.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const rtl = document.documentElement.dir === "rtl";
  const left = rtl ? at.left : at.right - size.width;
  const below = at.bottom + size.height + 8 < innerHeight;
  menu.style.setProperty("inset", "auto");
  menu.style.setProperty("margin", "0");
  menu.style.setProperty("left", `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`);
  menu.style.setProperty("top", `${Math.max(8, below ? at.bottom + 4 : at.top - size.height - 4)}px`);
}

/** @param {HTMLElement} post */
async function edit(post) {
  if ("editing" in post.dataset) return;
  const prose = one(".prose", post) ?? one(".post-head", post);
  if (!prose) return;
  let form;
  try {
    const answer = await request(`/posts/${post.dataset.post}/edit`, { headers: { "HX-Request": "true" } });
    form = /** @type {HTMLFormElement | null} */ (one("form", html(await answer.text())));
  } catch (error) {
    complain(error);
    return;
  }
  if (!form) return;
  post.dataset.editing = "";
  prose.hidden = true;
  prose.after(form);
  const area = /** @type {HTMLTextAreaElement} */ (one("textarea", form));
  area.focus();
  area.setSelectionRange(area.value.length, area.value.length);
  const done = () => {
    form.remove();
    prose.hidden = false;
    delete post.dataset.editing;
    post.dispatchEvent(new CustomEvent("posts:edited", { bubbles: true, detail: { id: post.dataset.post } }));
  };
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.preventDefault(); done(); }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
  });
  on(form, "click", "[data-cancel]", (event) => { event.preventDefault(); done(); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await request(`/api/v1/posts/${post.dataset.post}`, { method: "PATCH", json: { body: area.value } });
      done();
    } catch (error) {
      complain(error);
      area.focus();
    }
  });
}

/** Wire everything, once, for all posts now and later. */
export function start() {
  on(document, "click", "[data-react]", (event, button) => {
    const post = postOf(button);
    if (!post) return;
    event.preventDefault();
    void react(post, button.dataset.react ?? "", button);
  });
  on(document, "click", "[data-react-add]", (event, button) => {
    const post = postOf(button);
    if (!post) return;
    event.preventDefault();
    void picker.open(button, (emoji) => {
      const same = [...post.querySelectorAll("[data-react]")].find((one_) => one_ instanceof HTMLElement && one_.dataset.react === emoji);
      const mine = same instanceof HTMLElement && (same.dataset.people ?? "").split(" ").includes(person);
      if (!mine) void react(post, emoji, same instanceof HTMLElement ? same : null);
    });
  });
  on(document, "click", "[data-post-menu]", (event, link) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    void openMenu(link);
  });
  on(document, "click", "#post-menu [data-act]", (event, item) => {
    const menu = one("#post-menu");
    const post = menu && document.getElementById(menu.dataset.of ?? "");
    const act = item.dataset.act;
    if (!post || !menu) return;
    menu.hidePopover();
    if (act === "edit") { event.preventDefault(); void edit(post); }
    if (act === "unread") post.dispatchEvent(new CustomEvent("posts:unread-from", { bubbles: true, detail: { post } }));
    if (act === "react") { event.preventDefault(); const beside = one("[data-post-menu]", post) ?? post; void picker.open(beside, (emoji) => void react(post, emoji)); }
  });
  on(document, "htmx:afterRequest", "#post-menu", () => one("#post-menu")?.hidePopover());
  // The last own post, by arrow up in an empty composer.
  on(document, "keydown", "form.composer textarea", (event, area) => {
    if (event.key !== "ArrowUp" || /** @type {HTMLTextAreaElement} */ (area).value || event.defaultPrevented) return;
    const list = one(area.closest("#side") ? "#side ol.posts" : "#posts");
    const own = list ? [...list.querySelectorAll(`:scope > [data-author="${person}"][data-kind=message]:not([data-deleted])`)] : [];
    const last = own.at(-1);
    if (last instanceof HTMLElement) { event.preventDefault(); void edit(last); }
  });
}
