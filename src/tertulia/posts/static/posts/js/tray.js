/**
 * Files on their way into a post: chosen, dropped or pasted; each uploads at once with its progress, and images ask for a
 * description.
 */
import { on, one } from "ui/dom";
import { csrfToken } from "ui/http";
import { toast } from "ui/toasts";

/** @typedef {{id: string, element: HTMLElement, abort: () => void}} Item */

export class Tray {
  /** @param {HTMLFormElement} form a composer with `ul.composer-tray`, a file input and `template[data-tray-item]` */
  constructor(form) {
    this.form = form;
    /** @type {Item[]} */
    this.items = [];
    this.place = one(".composer-tray", form);
    const input = /** @type {HTMLInputElement | null} */ (one("input[type=file]", form));
    input?.addEventListener("change", () => { this.add(input.files); input.value = ""; });
    form.addEventListener("paste", (event) => {
      const files = event.clipboardData?.files;
      if (files?.length) { event.preventDefault(); this.add(files); }
    });
    for (const type of ["dragenter", "dragover"]) {
      form.addEventListener(type, (event) => {
        if (!(event instanceof DragEvent) || !event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        form.dataset.dropping = "";
      });
    }
    for (const type of ["dragleave", "drop", "dragend"]) form.addEventListener(type, () => { delete form.dataset.dropping; });
    form.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
    on(form, "click", "[data-remove-file]", (_event, button) => this.#remove(button.closest(".tray-item")));
  }

  /** Whether something is still uploading. */
  get busy() { return this.items.some((item) => !item.id); }

  /** What is ready, with descriptions. @returns {{id: string, alt: string}[]} */
  get files() {
    return this.items.filter((item) => item.id).map(({ id, element }) => {
      const alt = /** @type {HTMLInputElement | null} */ (one("input", element));
      return { id, alt: alt?.value.trim() ?? "" };
    });
  }

  clear() {
    this.items = [];
    this.place?.replaceChildren();
  }

  /** @param {FileList | null} files */
  add(files) {
    const most = Number(this.form.dataset.mostFiles ?? 10);
    for (const file of files ?? []) {
      if (this.items.length >= most) { toast(this.form.dataset.tooMany ?? "", { level: "warning" }); return; }
      this.#upload(file);
    }
  }

  /** @param {File} file */
  #upload(file) {
    const template = /** @type {HTMLTemplateElement | null} */ (one("template[data-tray-item]", this.form));
    const element = /** @type {HTMLElement | undefined} */ (template?.content.firstElementChild?.cloneNode(true));
    if (!element || !this.place) return;
    const name = one(".file-name", element);
    if (name) name.textContent = file.name;
    const picture = /** @type {HTMLImageElement | null} */ (one("img", element));
    const isImage = file.type.startsWith("image/") && file.type !== "image/svg+xml";
    if (picture && isImage) picture.src = URL.createObjectURL(file);
    else picture?.remove();
    if (!isImage) one("input", element)?.remove();
    else one(".icon", element)?.remove();
    this.place.append(element);
    // XMLHttpRequest, because fetch does not tell how much of an upload is done.
    const sending = new XMLHttpRequest();
    const item = { id: "", element, abort: () => sending.abort() };
    this.items.push(item);
    const bar = /** @type {HTMLProgressElement | null} */ (one("progress", element));
    sending.upload.addEventListener("progress", (event) => { if (bar && event.lengthComputable) bar.value = event.loaded / event.total; });
    sending.addEventListener("load", () => {
      const answer = this.#answer(sending);
      if (sending.status === 201 && answer.id) { item.id = answer.id; bar?.remove(); } else this.#failed(item, answer.detail);
    });
    sending.addEventListener("error", () => this.#failed(item, this.form.dataset.uploadFailed));
    sending.open("POST", "/api/v1/files");
    sending.setRequestHeader("X-CSRFToken", csrfToken());
    sending.setRequestHeader("Accept", "application/json, application/problem+json");
    const data = new FormData();
    data.append("file", file, file.name);
    sending.send(data);
  }

  /**
   * @param {XMLHttpRequest} sending
   * @returns {{id?: string, detail?: string}}
   */
  #answer(sending) {
    try { return JSON.parse(sending.responseText); } catch { return {}; }
  }

  /**
   * @param {Item} item
   * @param {string | undefined} sentence
   */
  #failed(item, sentence) {
    this.items = this.items.filter((other) => other !== item);
    item.element.remove();
    toast(sentence || this.form.dataset.uploadFailed || "", { level: "error" });
  }

  /** @param {Element | null} element */
  #remove(element) {
    const item = this.items.find((other) => other.element === element);
    item?.abort();
    this.items = this.items.filter((other) => other !== item);
    element?.remove();
    one("textarea", this.form)?.focus();
  }
}
