/**
 * The device's time zone: goes along with sign-up, and is suggested where a zone is chosen.
 */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const input of document.querySelectorAll("input[data-time-zone]")) {
  if (input instanceof HTMLInputElement && !input.value && zone) input.value = zone;
}

const select = document.querySelector("select[data-time-zone-select]");
const hint = document.querySelector("[data-time-zone-hint]");
if (select instanceof HTMLSelectElement && hint instanceof HTMLElement && zone) {
  const known = [...select.options].some((option) => option.value === zone);
  const name = hint.querySelector("[data-zone-name]");
  const show = () => { hint.hidden = !known || select.value === zone; };
  if (name) name.textContent = zone.replaceAll("_", " ");
  hint.querySelector("button")?.addEventListener("click", () => {
    select.value = zone;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    select.focus();
  });
  select.addEventListener("change", show);
  show();
}
