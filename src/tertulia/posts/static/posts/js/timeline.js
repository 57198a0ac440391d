/**
 * A list of posts on the page - a channel's or a thread's: puts posts in their places, loads more at both ends without
 * jumping, and keeps day lines and grouping right.
 */
import { all, html, on, one } from "ui/dom";
import { request } from "ui/http";
import * as times from "ui/times";

const NEAR = 600;
const MOST = 400;
/** Minutes within which the next post of the same person goes under the same name. */
const TOGETHER = 5;

/**
 * What a frame says of one post.
 * @typedef {{id: string, seq: number, revision: number, root_id: string | null, author_id: string, system: boolean, deleted: boolean, created_at: string, html: string}} PostFrame
 */

export class Timeline {
  /**
   * @param {HTMLElement} list an `ol.posts` with `data-channel`, perhaps `data-root`, `data-more` (URL of parts), `data-has-before`, `data-has-after`
   */
  constructor(list) {
    this.list = list;
    this.scroller = /** @type {HTMLElement} */ (list.closest(".scroll") ?? list);
    this.channel = list.dataset.channel ?? "";
    this.root = list.dataset.root ?? "";
    this.loading = false;
    /** Frames that wait because their post is being edited. @type {Map<string, PostFrame>} */
    this.waiting = new Map();
    this.scroller.addEventListener("scroll", () => { this.#near(); this.list.dispatchEvent(new CustomEvent("posts:scrolled")); }, { passive: true });
    on(list, "posts:edited", "", (event) => this.#resume(event.detail.id));
    queueMicrotask(() => this.#near());
  }

  /** Whether newer posts exist that are not on the page. */
  get hasAfter() { return "hasAfter" in this.list.dataset; }

  get hasBefore() { return "hasBefore" in this.list.dataset; }

  /** The posts on the page, in order. @returns {HTMLElement[]} */
  get posts() { return all(":scope > [data-post]", this.list).filter((post) => post !== this.list); }

  /** Whether the end of the list is in sight. */
  get atEnd() {
    const end = this.list.getBoundingClientRect().bottom;
    return end - this.scroller.getBoundingClientRect().bottom < 48;
  }

  toEnd() { this.list.lastElementChild?.scrollIntoView({ block: "end" }); }

  /** @param {string} id @returns {HTMLElement | null} */
  find(id) { return one(`:scope > [data-post="${id}"]`, this.list); }

  /**
   * Put posts of a frame in their places. What is older than what stands there is left alone.
   * @param {PostFrame[]} posts
   * @returns {PostFrame[]} those that are new here and whose place is at the end
   */
  apply(posts) {
    const mine = posts.filter((post) => (this.root ? post.root_id === this.root || post.id === this.root : !post.root_id));
    if (!mine.length) return [];
    /** @type {PostFrame[]} */
    const fresh = [];
    this.keepPlace(() => {
      for (const post of mine) if (this.#put(post)) fresh.push(post);
      this.arrange();
    });
    return fresh;
  }

  /**
   * @param {PostFrame} post
   * @returns {boolean} whether it is new at the end
   */
  #put(post) {
    const there = this.find(post.id);
    if (there) {
      if (Number(there.dataset.revision) >= post.revision) return false;
      if ("editing" in there.dataset) { this.waiting.set(post.id, post); return false; }
      const focused = there.contains(document.activeElement);
      const made = this.#made(post.html);
      there.replaceWith(made);
      if (focused) { made.tabIndex = -1; made.focus({ preventScroll: true }); }
      return false;
    }
    const standing = this.posts;
    const last = standing.at(-1);
    const after = !last || post.seq > Number(last.dataset.seq);
    if (after && this.hasAfter) return true;
    const first = standing[0];
    if (first && post.seq < Number(first.dataset.seq) && this.hasBefore) return false;
    const next = standing.find((other) => Number(other.dataset.seq) > post.seq);
    const sending = one(":scope > [data-sending], :scope > [data-failed]", this.list);
    this.list.insertBefore(this.#made(post.html), next ?? sending);
    return after;
  }

  /**
   * @param {string} text
   * @returns {HTMLElement}
   */
  #made(text) {
    const made = /** @type {HTMLElement} */ (html(text).firstElementChild);
    if (this.root) made.id = `side-${made.id}`;
    times.localise(made);
    return made;
  }

  /** @param {string} id */
  #resume(id) {
    const post = this.waiting.get(id);
    this.waiting.delete(id);
    if (post) this.apply([post]);
  }

  /** Day lines where the day changes, and names only where somebody else speaks. Looks at all posts: a page or two. */
  arrange() {
    for (const line of all(":scope > .day-line", this.list)) line.remove();
    /** @type {HTMLElement | null} */
    let before = null;
    let day = "";
    for (const post of this.posts) {
      const at = new Date(post.dataset.created ?? "");
      const on_ = times.inWords(at, "day");
      const fresh = on_ !== day;
      if (fresh) {
        day = on_;
        const line = document.createElement("li");
        line.className = "day-line";
        const time = document.createElement("time");
        time.dateTime = post.dataset.created ?? "";
        time.textContent = on_;
        line.append(time);
        const mark = post.previousElementSibling?.matches(".unread-line") ? post.previousElementSibling : post;
        this.list.insertBefore(line, mark);
      }
      const close = before !== null && at.getTime() - Date.parse(before.dataset.created ?? "") < TOGETHER * 60_000;
      const follows = !fresh && close && before?.dataset.author === post.dataset.author
        && before?.dataset.kind === "message" && post.dataset.kind === "message"
        && !post.previousElementSibling?.matches(".unread-line, .day-line");
      post.classList.toggle("follow", follows);
      before = post;
    }
    this.#prune();
  }

  /**
   * Put the unread line before a post.
   * @param {HTMLElement} post
   */
  unreadFrom(post) {
    const line = one(":scope > .unread-line", this.list) ?? document.createElement("li");
    line.className = "unread-line";
    line.id = "unread";
    const words = document.createElement("span");
    words.textContent = this.list.dataset.unreadLabel ?? "";
    line.replaceChildren(words);
    this.keepPlace(() => { if (post.parentElement === this.list) post.before(line); this.arrange(); });
  }

  /** Drop the oldest of a very long list while the reader is at its end; they load again when scrolled to. */
  #prune() {
    if (!this.atEnd) return;
    const posts = this.posts;
    for (const post of posts.slice(0, Math.max(0, posts.length - MOST))) {
      post.remove();
      this.list.dataset.hasBefore = "";
    }
  }

  /**
   * Run something that changes the list while what the reader looks at stays where it is; at the end, stay at the end.
   * @param {() => void} change
   */
  keepPlace(change) {
    if (this.atEnd && !this.hasAfter) { change(); this.toEnd(); return; }
    const edge = this.scroller.getBoundingClientRect().top;
    const anchor = this.posts.find((post) => post.getBoundingClientRect().bottom > edge);
    const id = anchor?.dataset.post ?? "";
    const before = anchor?.getBoundingClientRect().top ?? 0;
    change();
    const there = id ? this.find(id) : null;
    if (there) this.scroller.scrollTop += there.getBoundingClientRect().top - before;
  }

  #near() {
    const box = this.scroller.getBoundingClientRect();
    const list = this.list.getBoundingClientRect();
    if (this.hasBefore && list.top > box.top - NEAR) void this.more("before");
    else if (this.hasAfter && list.bottom < box.bottom + NEAR) void this.more("after");
  }

  /**
   * Load what comes before or after.
   * @param {"before" | "after"} which
   */
  async more(which) {
    if (this.loading) return;
    this.loading = true;
    try {
      const edge = which === "before" ? this.posts[0] : this.posts.at(-1);
      const url = new URL(this.list.dataset.more ?? location.href, location.href);
      url.searchParams.set(which, edge?.dataset.seq ?? "0");
      const answer = await request(url.href);
      const part = one("ol", html(await answer.text()));
      if (!part) return;
      this.keepPlace(() => {
        const posts = [...part.children].filter((post) => post instanceof HTMLElement && post.dataset.post && !this.find(post.dataset.post));
        for (const post of posts) times.localise(post);
        if (which === "before") this.list.prepend(...posts);
        else this.list.append(...posts);
        const flag = which === "before" ? "hasBefore" : "hasAfter";
        if (!(flag in part.dataset)) {
          delete this.list.dataset[flag];
          const link = which === "before" ? this.list.previousElementSibling : this.list.nextElementSibling;
          if (link?.matches(".older")) link.remove();
        }
        this.arrange();
      });
    } catch {
      // The next scroll tries again; the connection banner says why.
    } finally {
      this.loading = false;
    }
    requestAnimationFrame(() => this.#near());
  }
}
