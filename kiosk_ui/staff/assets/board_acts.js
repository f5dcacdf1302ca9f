// What staff do at the board: say "I am on it", put an alert off, call for help, finish it, enter a count.
//
// Whoever acts is named. The name is asked for once and stays on this device, unless the page knows who logged in.

const NAME = "regulars.board.name";
const SAID_MS = 8000;
const SERVER_FAULT = 500;
const REFUSED = new Set([404, 409]);
const STOCK = new Set(["low_stock", "stock_out", "overstock", "wrong_item"]);

const at = (id) => document.getElementById(id);

function post(path, body) {
  return fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

export class Acts {
  #binder;
  #changed;
  #current;
  #shown = null;
  #open = { alert: null, slot: null };
  #then = null;
  #quiet = 0;

  // changed(alert) is told what became of an act; current() is the view as the gateway tells it.
  constructor({ binder, changed, current }) {
    this.#binder = binder;
    this.#changed = changed;
    this.#current = current;
    this.me = document.body.querySelector("#board").dataset.login || localStorage.getItem(NAME) || "";
    document.addEventListener("click", (event) => this.#clicked(event));
    at("name-form").addEventListener("submit", (event) => this.#named(event));
    at("count-form").addEventListener("submit", (event) => this.#counted(event));
  }

  // An open sheet shows what the board shows.
  refresh(shown) {
    this.#shown = shown;
    const { alert, slot } = this.#open;
    if (alert && at("sheet").open) this.#fillSheet(alert);
    if (slot && at("slot-sheet").open) this.#fillSlot(slot);
  }

  #clicked(event) {
    const dialog = event.target.closest("dialog");
    if (dialog && event.target === dialog) dialog.close(); // A tap beside a sheet puts it away.
    const button = event.target.closest("button");
    if (!button) return;
    const { act, more, slot, close, step, rename } = button.dataset;
    if (close !== undefined) dialog.close();
    if (rename !== undefined) this.#askName(null);
    if (act) this.#act(button.dataset.alert || this.#open.alert, act, button.dataset.minutes);
    if (more !== undefined) this.#more(button.dataset.alert);
    if (slot) this.#slot(slot);
    if (step) this.#step(Number(step));
  }

  #more(alert) {
    this.#open.alert = alert;
    this.#fillSheet(alert);
    at("sheet").showModal();
  }

  #fillSheet(id) {
    const alert = this.#shown.alerts.find((each) => each.id === id);
    if (!alert || !alert.is_open) return at("sheet").close();
    const slot = STOCK.has(alert.kind) && this.#shown.zones.flatMap((zone) => zone.slots).some((each) => each.slot === alert.subject);
    return this.#binder.fill(at("sheet"), { ...alert, count_slot: slot ? alert.subject : "" });
  }

  #slot(name) {
    at("sheet").close();
    this.#open.slot = name;
    this.#fillSlot(name);
    const { units } = this.#current().slots.find((each) => each.slot === name);
    at("count-form").elements.units.value = units ?? "";
    at("count-said").hidden = true;
    at("slot-sheet").showModal();
  }

  #fillSlot(name) {
    const slot = this.#shown.zones.flatMap((zone) => zone.slots).find((each) => each.slot === name);
    if (!slot) return at("slot-sheet").close();
    return this.#binder.fill(at("slot-sheet"), { ...slot, sources: slot.sources.map((source) => ({ source })) });
  }

  #step(by) {
    const { units } = at("count-form").elements;
    units.value = String(Math.max(0, (Number(units.value) || 0) + by));
  }

  // Without a name nothing is done; it is asked for, and then the same is done.
  #askName(then) {
    this.#then = then;
    at("name-form").elements.name.value = this.me;
    at("name-sheet").showModal();
  }

  #named(event) {
    event.preventDefault();
    const name = at("name-form").elements.name.value.trim().replaceAll(/\s+/g, " ");
    if (!name) return;
    this.#remember(name);
    at("name-sheet").close();
    this.#changed(null);
    this.#then?.();
    this.#then = null;
  }

  #remember(name) {
    this.me = name;
    localStorage.setItem(NAME, name);
  }

  async #act(alert, act, minutes) {
    if (!this.me) return this.#askName(() => this.#act(alert, act, minutes));
    at("sheet").close();
    const body = { act, actor: this.me, ...(minutes ? { minutes: Number(minutes) } : {}) };
    const done = await this.#send(`/staff/board/alerts/${encodeURIComponent(alert)}`, body, (said) => this.#refusal(said, alert));
    if (!done) return;
    // Where somebody logged in, that name counts.
    if (act === "acknowledge" && done.alert?.claimed_by) this.#remember(done.alert.claimed_by);
    this.#changed(done.alert);
  }

  async #counted(event) {
    event.preventDefault();
    if (!this.me) return this.#askName(() => this.#counted(event));
    const { units } = at("count-form").elements;
    const path = `/staff/board/slots/${encodeURIComponent(this.#open.slot)}/count`;
    const done = await this.#send(path, { units: Number(units.value), actor: this.me }, ({ reason }) => this.#binder.word("reason", reason));
    if (!done) return;
    at("slot-sheet").close();
    this.#say(this.#binder.word("said", "counted"), "good");
    this.#changed(done.alert);
  }

  async #send(path, body, refusal) {
    try {
      const response = await post(path, body);
      if (response.ok) return await response.json();
      const isRefused = REFUSED.has(response.status);
      const problem = response.status < SERVER_FAULT ? "other" : "outcome_unknown";
      if (!isRefused) return this.#say(this.#binder.word("reason", problem), "warn");
      const refused = await response.json();
      this.#changed(refused.alert ?? null);
      this.#say(refusal(refused), "calm");
    } catch {
      this.#say(this.#binder.word("reason", "outcome_unknown"), "warn");
    }
    return null;
  }

  #refusal({ reason }, id) {
    const alert = this.#shown.alerts.find((each) => each.id === id);
    if (reason !== "still_so" || !alert) return this.#binder.word("reason", reason);
    const sentence = this.#binder.word("still", alert.has_level ? "level" : alert.kind);
    return sentence.replace("{have}", () => alert.have).replace("{of}", () => alert.of);
  }

  // Said beside the board for a while; inside the sheet of a count, where that is open.
  #say(text, tone) {
    const place = at("slot-sheet").open ? at("count-said") : at("said");
    place.hidden = false;
    place.dataset.state = tone;
    place.textContent = text;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => (place.hidden = true), SAID_MS);
  }
}
