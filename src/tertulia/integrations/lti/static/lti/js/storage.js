/**
 * The platform's storage for tools whose cookies are blocked: LTI Client Side postMessages 1.0, `lti.put_data` and
 * `lti.get_data`. What is said goes to the platform's own origin only, and only its answers are heard.
 */

const PATIENCE = 3000; // milliseconds; a platform that has storage answers at once

/**
 * @typedef {object} Store
 * @property {string} target `_parent`, or the name of the platform's frame that keeps the data
 * @property {string} origin of the platform's authorization address
 */

/**
 * Ask the platform to keep or to give back a value; "" when it does not answer.
 * @param {Store} store
 * @param {"lti.put_data" | "lti.get_data"} subject
 * @param {string} key
 * @param {string} [value]
 * @returns {Promise<string>}
 */
export function ask(store, subject, key, value) {
  const above = window.opener ?? window.parent;
  const frame = frameOf(above, store.target);
  if (!frame || frame === window) return Promise.resolve("");
  const id = crypto.randomUUID();
  return new Promise((resolve) => {
    /** @param {string} answer */
    function end(answer) {
      clearTimeout(timer);
      removeEventListener("message", hear);
      resolve(answer);
    }
    /** @param {MessageEvent} event */
    function hear(event) {
      const said = event.data;
      if (event.origin !== store.origin || typeof said !== "object" || said === null) return;
      if (said.subject !== `${subject}.response` || said.message_id !== id) return;
      end(!said.error && typeof said.value === "string" ? said.value : "");
    }
    const timer = setTimeout(() => end(""), PATIENCE);
    addEventListener("message", hear);
    frame.postMessage({ subject, message_id: id, key, ...(value === undefined ? {} : { value }) }, store.origin);
  });
}

/**
 * @param {Window} above
 * @param {string} target
 * @returns {Window | null}
 */
function frameOf(above, target) {
  if (target === "_parent") return above;
  try {
    return /** @type {any} */ (above.frames)[target] ?? above;
  } catch {
    return above; // a frame that may not be named across origins
  }
}
