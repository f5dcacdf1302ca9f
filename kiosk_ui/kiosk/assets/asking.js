// What the kiosk sends to the gateway. All of it may be sent again: under one key a form is done once.

const TRIES_MAX = 3;
const RETRY_MS = 700;
const UNSURE = 503;
const VISIT_OVER = 409;
const SERVER_FAULT = 500;

function pause(duration_ms) {
  return new Promise((resolve) => setTimeout(resolve, duration_ms));
}

export class Asking {
  #root;

  constructor(kiosk) {
    this.#root = `/kiosk/${encodeURIComponent(kiosk)}`;
  }

  // Each answers "sent", "over" (the visit has ended) or "unsent".
  choose(choice, subject) {
    return this.#insist("choice", { choice, subject });
  }

  ask(view, { visit = "", subject = "" } = {}) {
    return this.#insist("ask", { view, visit, subject });
  }

  // The gateway's answer; null where nobody knows what became of the form.
  async fill(form, { visit, subject, fields, key }) {
    for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
      try {
        const response = await this.#post("form", { form, visit, subject, fields, key });
        if (response.ok) return await response.json();
        if (response.status === VISIT_OVER) return { is_accepted: false, reason: "visit_over" };
        if (response.status < SERVER_FAULT) return { is_accepted: false, reason: "other" }; // Not understood: nothing done.
      } catch {
        // The gateway is away; what it did with the form is not known.
      }
      await pause(RETRY_MS * attempt);
    }
    return null;
  }

  async #insist(what, body) {
    for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
      try {
        const response = await this.#post(what, body);
        if (response.ok) return "sent";
        if (response.status === VISIT_OVER) return "over";
        if (response.status !== UNSURE) return "unsent";
      } catch {
        // The gateway is away; try again like after a 503.
      }
      await pause(RETRY_MS * attempt);
    }
    return "unsent";
  }

  #post(what, body) {
    return fetch(`${this.#root}/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }
}
