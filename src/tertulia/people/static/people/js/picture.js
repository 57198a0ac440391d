/**
 * Choosing the square of a new profile picture. Without this script the server keeps the middle.
 */
import Cropper from "cropperjs";

/** @param {HTMLFormElement} form */
function start(form) {
  const file = /** @type {HTMLInputElement | null} */ (form.querySelector("input[type=file]"));
  const box = /** @type {HTMLElement | null} */ (form.querySelector("[data-crop]"));
  const image = /** @type {HTMLImageElement | null} */ (form.querySelector("[data-crop-image]"));
  if (!file || !box || !image) return;
  /** @type {Cropper | null} */
  let cropper = null;

  /** @param {string} name @param {number | ""} value */
  const put = (name, value) => {
    const input = /** @type {HTMLInputElement | null} */ (form.elements.namedItem(`crop_${name}`));
    if (input) input.value = String(value);
  };
  const forget = () => {
    cropper?.destroy();
    cropper = null;
    if (image.src) URL.revokeObjectURL(image.src);
    image.removeAttribute("src");
    box.hidden = true;
    for (const name of ["left", "top", "side"]) put(name, "");
  };

  file.addEventListener("change", () => {
    forget();
    const chosen = file.files?.[0];
    if (!chosen?.type.startsWith("image/")) return;
    image.addEventListener("load", () => {
      box.hidden = false;
      cropper = new Cropper(image, {
        aspectRatio: 1,
        viewMode: 1,
        autoCropArea: 1,
        dragMode: "move",
        background: false,
        checkOrientation: false, // browsers turn pictures upright themselves, and so does the server
        crop: ({ detail }) => {
          put("left", detail.x);
          put("top", detail.y);
          put("side", detail.width);
        },
      });
    }, { once: true });
    image.addEventListener("error", forget, { once: true });
    image.src = URL.createObjectURL(chosen);
  });
}

for (const form of document.querySelectorAll("form[data-picture-form]")) {
  if (form instanceof HTMLFormElement) start(form);
}
